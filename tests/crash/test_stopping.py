"""A run that is told to end: by `econda cancel` in another terminal, SIGTERM, or the end of its terminal."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.crash.killing import Shell, kill, until

PROGRAM = """edsl 1

task quick() -> (y: Int):
    run python:
        y = 1

task slow(dir: String, y: Int) -> (y2: Int):
    run python:
        import os, time
        open(dir + "/pid", "w").write(str(os.getpid()))
        while not os.path.exists(dir + "/go"):
            time.sleep(0.01)
        y2 = y + 1

pipeline p(dir: String) -> (y: Int):
    a = quick()
    b = slow(dir, a.y)
    return y = b.y2
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "p.edsl").write_text(PROGRAM)
    return Shell(tmp_path)


def begun(shell: Shell):
    process = shell.start("run", "p.edsl", "-p", f"dir={shell.folder}")
    until(lambda: (shell.folder / "pid").exists() and (shell.folder / "pid").read_text(), process)
    return process


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1].startswith("Z")
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_what_runs_and_leaves_the_run_to_resume(shell: Shell, number: signal.Signals) -> None:
    process = begun(shell)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    assert out == ""
    last = err.splitlines()[-1]
    assert number.name in last
    assert "go on: econda run p.edsl --resume" in last
    assert gone(int((shell.folder / "pid").read_text()))
    [row] = json.loads(shell.call("runs", "--json").stdout)
    assert row["state"] == "interrupted"
    (shell.folder / "go").touch()
    again = shell.report("run", "p.edsl", "-p", f"dir={shell.folder}", "--resume")
    assert (again["run"], again["outputs"]) == (row["run"], {"y": 2})


def test_a_run_is_cancelled_from_another_terminal(shell: Shell) -> None:
    process = begun(shell)
    done = shell.call("cancel", "last", "--reason", "typo", "--wait")
    out, err = process.communicate(timeout=60)
    assert (done.returncode, process.returncode) == (130, 130), done.stderr + err
    assert "cancelled" in out
    assert err.splitlines()[-1].endswith("go on: econda run p.edsl --resume")
    shown = json.loads(shell.call("show", "--json").stdout)
    assert (shown["state"], shown["error"]["code"]) == ("cancelled", "cancelled")
    assert "typo" in shown["error"]["message"]
    assert shell.call("cancel", "last").returncode == 2


def test_a_run_that_nobody_carries_on_is_cancelled_at_once(shell: Shell) -> None:
    kill(begun(shell))
    done = shell.call("cancel", "last")
    assert (done.returncode, done.stdout.split(":")[1].strip()) == (0, "cancelled; nobody carried it on"), done.stderr
    [row] = json.loads(shell.call("runs", "--json").stdout)
    assert row["state"] == "cancelled"


def test_an_interrupt_of_whoever_watches_is_not_the_runs(shell: Shell) -> None:
    process = begun(shell)
    watching = shell.start("watch", "last")
    assert watching.stderr is not None
    assert "started" in watching.stderr.readline()
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=60)
    assert watching.returncode == 130
    assert "goes on" in err
    assert "econda cancel" in err
    (shell.folder / "go").touch()
    process.communicate(timeout=60)
    assert process.returncode == 0
