"""A disk that is full or only lets itself be read: said where the user looks, and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.killing import Shell

pytestmark = pytest.mark.component

SMALL = """edsl 1

task fill(i: Int, bytes: Int) -> (out: File):
    run python:
        with open("out.bin", "wb") as file:
            file.write(bytes.to_bytes(8, "big") * (bytes // 8))
        out = "out.bin"

pipeline p(bytes: Int = 8) -> (n: Int):
    f = foreach i in 1..6 with parallel = 1:
        a = fill(i, bytes + i)
        gather a.out
    return n = len(f.done)
"""


def as_root(*command: str) -> subprocess.CompletedProcess[str]:
    """Disks are root's to make; who is not may have been given its rights."""
    prefix = [] if os.getuid() == 0 else ["sudo", "-n"]
    return subprocess.run([*prefix, *command], capture_output=True, text=True, check=False)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MiB of our own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = as_root("mount", "-t", "tmpfs", "-o", "size=3m,mode=1777", "tmpfs", str(place))
    if mounted.returncode != 0:
        pytest.skip(f"no disk of our own can be had: {mounted.stderr.strip()}")
    yield place
    as_root("umount", "-l", str(place)).check_returncode()


@pytest.fixture
def shell(tmp_path: Path, disk: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.home = disk / "home"
    (tmp_path / "p.edsl").write_text(SMALL)
    return shell


def test_a_task_that_fills_the_disk_fails_and_the_run_is_mended_later(shell: Shell, disk: Path) -> None:
    report = shell.report("run", "p.edsl", "-p", "bytes=900000")
    assert report["state"] == "failed"
    assert "No space left on device" in report["error"]["message"]
    for each in disk.glob("home/embedded/scratch/**/*.bin"):
        each.unlink()
    as_root("mount", "-o", "remount,size=64m", str(disk)).check_returncode()
    done = shell.call("run", "p.edsl", "-p", "bytes=900000", "--resume", "--json")
    mended = json.loads(done.stdout)
    assert (mended["state"], mended["outputs"]) == ("succeeded", {"n": 6})
    assert any(task["state"] == "reused" for task in mended["tasks"])


def test_a_log_that_cannot_grow_is_said_without_a_traceback(shell: Shell, disk: Path) -> None:
    assert shell.report("run", "p.edsl")["state"] == "succeeded"
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 65_536)
        except OSError:
            pass
    full = shell.call("run", "p.edsl")
    assert full.returncode == 1
    assert full.stderr.count("\n") <= 2, full.stderr
    assert full.stderr.startswith("error: ")
    ballast.unlink()
    assert shell.report("run", "p.edsl")["state"] == "succeeded"
    assert {row["state"] for row in json.loads(shell.call("runs", "--json").stdout)} <= {"succeeded", "interrupted"}


def test_a_read_only_home_is_said(shell: Shell, disk: Path) -> None:
    assert shell.report("run", "p.edsl")["state"] == "succeeded"
    as_root("mount", "-o", "remount,ro", str(disk)).check_returncode()
    refused = shell.call("run", "p.edsl")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert "Traceback" not in refused.stderr
    assert str(disk) in refused.stderr or "read" in refused.stderr.lower()
    as_root("mount", "-o", "remount,rw", str(disk)).check_returncode()
    assert shell.report("run", "p.edsl")["state"] == "succeeded"
