"""What attempts of this machine write, as other processes find it: there while they run, without secrets, gone after."""

from __future__ import annotations

from pathlib import Path

import pytest
from econda_adapters.embedded.live import LiveFiles, attempts_at_work, forget_live, live_file

from econda_cloud.wire.chunk import WorkItem

ITEM = WorkItem(instance="p/a[3]", attempt=2)


@pytest.fixture
def files(tmp_path):
    files = LiveFiles(tmp_path)
    yield files
    files.close()


def test_a_log_is_there_while_its_attempt_runs(files, tmp_path: Path, until):
    log, shown = tmp_path / "log", live_file(tmp_path, "r", "p/a[3]", 2)
    log.write_text("one\n")
    with files.of("r")(ITEM, log, []):
        until(lambda: shown.exists() and shown.read_text() == "one\n", "the first line")
        assert attempts_at_work(tmp_path, "r") == {shown.name.removesuffix(".log")}
        with log.open("a") as file:
            file.write("two\n")
        until(lambda: shown.read_text() == "one\ntwo\n", "the second line")
    assert not shown.exists()
    assert attempts_at_work(tmp_path, "r") == frozenset()


def test_an_attempt_that_writes_nothing_is_known_to_run(files, tmp_path: Path, until):
    log = tmp_path / "log"
    log.touch()
    with files.of("r")(ITEM, log, []):
        until(lambda: attempts_at_work(tmp_path, "r"), "its file")


def test_secrets_are_not_shown(files, tmp_path: Path, until):
    log, shown = tmp_path / "log", live_file(tmp_path, "r", "p/a[3]", 2)
    log.write_text("the token is s3cr3t-word, as said\n" + "more\n" * 10)
    with files.of("r")(ITEM, log, ["s3cr3t-word"]):
        until(lambda: shown.exists() and b"token" in shown.read_bytes(), "the line")
        assert b"s3cr3t" not in shown.read_bytes()
        assert b"the token is ***, as said" in shown.read_bytes()


def test_what_a_killed_process_left_is_forgotten(tmp_path: Path):
    left = live_file(tmp_path, "r", "p/a", 1)
    left.parent.mkdir(parents=True)
    left.touch()
    forget_live(tmp_path, "r")
    assert attempts_at_work(tmp_path, "r") == frozenset()
