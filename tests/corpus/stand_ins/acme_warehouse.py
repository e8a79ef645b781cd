"""What the image of the churn example brings: snapshots of a warehouse."""

from pathlib import Path


class Snapshot:
    def __init__(self, text):
        self.text = text

    def to_parquet(self, path):
        Path(path).write_text(self.text)


def snapshot(name, day):
    return Snapshot(f"{name} of {day}")
