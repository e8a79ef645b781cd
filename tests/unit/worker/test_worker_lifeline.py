"""Whoever is killed with no time for a last word takes what it started along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

KEEPER = """
import os, subprocess, sys
from econda_cloud.worker.processes.lifeline import Lifeline
lifeline = Lifeline()
child = subprocess.Popen(["sh", "-c", "sleep 600 & wait"], pass_fds=(lifeline.end,), start_new_session=True)
lifeline.tie(child.pid)
print("tied", flush=True)
sys.stdin.read()
lifeline.cut()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does it")
@pytest.mark.parametrize("end", ["killed", "cut"])
def test_a_group_ends_with_its_starter(end: str) -> None:
    command = [sys.executable, "-c", KEEPER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b"tied\n"
        if end == "killed":
            os.kill(keeper.pid, signal.SIGKILL)
        keeper.stdin.close()
        # The group holds the other end of this pipe: it closes when the last of them is gone, long before they end.
        assert keeper.stdout.read() == b""
