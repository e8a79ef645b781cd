"""What the images of the examples bring: models whose scores follow from what they are made of."""

import datetime as dt
from pathlib import Path

LATEST = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


class Classifier:
    def __init__(self, lr, depth):
        self.lr, self.depth = lr, depth

    def fit(self, features, on_epoch):
        assert Path(features).read_text().startswith("customers of ")
        on_epoch()
        return min(0.99, 0.7 + self.depth / 100 + self.lr * 10)

    def save(self, path):
        Path(path).write_text(f"{self.lr} {self.depth}")

    @classmethod
    def load(cls, path):
        lr, depth = Path(path).read_text().split()
        return cls(float(lr), int(depth))


class Ranker:
    def __init__(self, key, seen=0):
        self.key, self.seen = key, seen

    @classmethod
    def load(cls, path):
        key, seen = Path(path).read_text().split()
        return cls(key, int(seen))

    def update(self, batch):
        rows = len(Path(batch).read_text().splitlines())
        self.seen += rows
        return 0.08 / self.seen, rows, LATEST + dt.timedelta(minutes=self.seen)

    def save(self, path):
        Path(path).write_text(f"{self.key} {self.seen}")

    def score(self, data):
        return 0.8 + self.seen / 1000 + len(data) / 1000


def holdout():
    return [1, 2, 3]
