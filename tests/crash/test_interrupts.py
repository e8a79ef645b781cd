"""Ctrl-C: once cancels the run, which then ends as cancelled; twice leaves it as it is, to go on with later."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from tests.crash.killing import Shell, until

# A short link first, so that the last one is run by the scheduler's own thread, which took it for short.
PROGRAM = """edsl 1

task link(i: Int, dir: String) -> (y: Int):
    run shell:
        if [ "$i" = 4 ] && [ ! -e "$dir/go" ]; then touch "$dir/there"; trap "" INT; sleep 600; fi
        echo $((i + 1)) > "$OUT/y"

pipeline p(dir: String) -> (y: Int):
    repeat up to 6:
        carry n: Int = 0
        a = link(n, dir)
        next n = a.y
    until n >= 6
    return y = n
"""


def begun(tmp_path: Path):
    shell = Shell(tmp_path)
    (tmp_path / "p.edsl").write_text(PROGRAM)
    process = shell.start("run", "p.edsl", "-p", f"dir={tmp_path}", "--json")
    until((tmp_path / "there").exists, process)
    return shell, process


def test_one_interrupt_cancels(tmp_path: Path) -> None:
    _, process = begun(tmp_path)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=100)
    assert process.returncode == 130, err
    assert json.loads(out)["state"] == "cancelled"


def test_two_leave_it_to_resume(tmp_path: Path) -> None:
    shell, process = begun(tmp_path)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.communicate()
    (tmp_path / "go").touch()
    [row] = json.loads(shell.call("runs", "--json").stdout)
    again = shell.report("run", "p.edsl", "-p", f"dir={tmp_path}", "--resume")
    assert again["outputs"] == {"y": 6}
    # How soon the second came decides whether the first had been taken in; either way nothing that was done is lost.
    assert row["state"] in ("interrupted", "cancelled")
    assert sum(task["state"] in ("succeeded", "reused") for task in again["tasks"]) == 6
