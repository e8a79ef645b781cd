"""How a checkpoint directory is saved: when, what of it, and what if that fails."""

import os
import time

import pytest

from econda_cloud.worker.data.checkpoints import Checkpoint
from econda_cloud.worker.data.packing import pack

LONG = 3_600_000


class Puts:
    """A store that counts what is put, and may be slow or broken."""

    def __init__(self, blobs):
        self.blobs, self.puts, self.before = blobs, [], lambda: None

    def get_file(self, key, path):
        self.blobs.get_file(key, path)

    def get(self, key):
        return self.blobs.get(key)

    def put(self, key, data):
        self.blobs.put(key, data)

    def put_file(self, key, path):
        self.before()
        self.puts.append(time.monotonic())
        self.blobs.put_file(key, path)


@pytest.fixture
def puts(blobs):
    return Puts(blobs)


@pytest.fixture
def opened(tmp_path, puts):
    """Open the checkpoint of one instance, each time in a new directory."""
    count = iter(range(100))

    def start(interval_ms=LONG):
        (tmp_path / "log").touch()
        return Checkpoint(puts, "k", tmp_path / f"checkpoint-{next(count)}", interval_ms, tmp_path / "log")

    return start


def test_the_interval_is_kept_and_what_did_not_change_is_not_saved_again(opened, puts, monkeypatch, until):
    save, looks = Checkpoint.save, []

    def looked(self):
        save(self)
        looks.append(len(puts.puts))

    monkeypatch.setattr(Checkpoint, "save", looked)
    with opened(interval_ms=150) as checkpoint:
        checkpoint.wanted = False
        for step in range(4):
            (checkpoint.directory / "new.tmp").write_text(str(step))
            os.replace(checkpoint.directory / "new.tmp", checkpoint.directory / "step")
            until(lambda saved=step: len(puts.puts) > saved, "what has changed is saved")
        settled = len(looks)
        until(lambda: len(looks) >= settled + 3, "it is looked at again")
    assert len(puts.puts) == 4
    assert all(later - earlier >= 0.149 for earlier, later in zip(puts.puts, puts.puts[1:]))


def test_only_what_has_its_name_is_saved(opened):
    with opened() as checkpoint:
        for name in ("whole", "part.tmp", ".hidden", "folder/whole", "folder/part.tmp", "new.tmp/whole"):
            path = checkpoint.directory / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(name)
        os.utime(checkpoint.directory / "whole", (1, 1_000_000))
        (checkpoint.directory / "latest").symlink_to("folder/whole")
        (checkpoint.directory / "away").symlink_to("/etc/hostname")
        (checkpoint.directory / "above").symlink_to("../log")
        os.mkfifo(checkpoint.directory / "pipe")
    with opened() as again:
        found = {str(path.relative_to(again.directory)) for path in again.directory.rglob("*")}
        assert found == {"whole", "folder", "folder/whole", "latest"}
        assert (again.directory / "whole").stat().st_mtime == 1_000_000
        assert (again.directory / "latest").read_text() == "folder/whole"


@pytest.fixture
def disturb(monkeypatch):
    """Let a file change while it is packed, so many times; returns how often it was."""
    packed = []

    def begin(times):
        def disturbed(directory, target, paths, **more):
            pack(directory, target, paths, **more)
            packed.append(1)
            if len(packed) <= times:
                (directory / "state").write_text(f"version {len(packed)}")

        monkeypatch.setattr("econda_cloud.worker.data.checkpoints.pack", disturbed)
        return packed

    return begin


def test_what_changes_while_it_is_packed_is_packed_again(opened, puts, disturb):
    with opened() as checkpoint:
        (checkpoint.directory / "state").write_text("first")
        packed = disturb(2)
    assert (len(packed), len(puts.puts)) == (3, 1)
    with opened() as again:
        assert (again.directory / "state").read_text() == "version 2"


def test_what_never_rests_is_said_and_the_last_whole_one_stays(opened, puts, disturb, tmp_path):
    with opened() as checkpoint:
        (checkpoint.directory / "state").write_text("whole")
    disturb(1_000)
    with opened() as checkpoint:
        (checkpoint.directory / "state").write_text("changing")
    assert len(puts.puts) == 1
    assert "its files keep changing" in (tmp_path / "log").read_text()
    with opened() as again:
        assert (again.directory / "state").read_text() == "whole"


def test_a_save_that_fails_harms_nothing(opened, puts, tmp_path):
    def refuse():
        raise ConnectionError("no network")

    with opened() as checkpoint:
        (checkpoint.directory / "state").write_text("x")
        puts.before = refuse
        checkpoint.save()
        puts.before = lambda: None
    assert "not saved: ConnectionError: no network" in (tmp_path / "log").read_text()
    assert len(puts.puts) == 1
