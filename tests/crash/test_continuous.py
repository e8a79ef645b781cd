"""A run under continuous killing: of `econda run` itself and of the processes of its attempts."""

from __future__ import annotations

import json
import random
from pathlib import Path

import psutil
import pytest
from econda_adapters.embedded.sqlite_log import SqliteLog

from tests.crash.killing import Shell, committed, kill, marks

TASKS = 2_000

FAN = """edsl 1

task mark(i: Int, dir: String) -> (y: Int):
    retry = linear(attempts = 9, wait = 1ms)
    run python:
        with open(dir + "/begun", "a") as file:
            file.write(f"{i}\\n")
        y = i

pipeline p(dir: String, n: Int) -> (sum: Int):
    f = foreach i in 1..n up to 5000:
        a = mark(i, dir)
        gather a.y
    return sum = sum(f.done)
"""


@pytest.mark.timeout(600)
def test_every_task_is_done_once_whatever_is_killed(tmp_path: Path) -> None:
    """Who is killed, and after how many more beginnings of attempts, is drawn; nothing waits for luck."""
    shell, dice = Shell(tmp_path), random.Random(7)
    (tmp_path / "p.edsl").write_text(FAN)
    words = ["run", "p.edsl", "-p", f"dir={tmp_path}", "-p", f"n={TASKS}", "--json"]
    killed = {"run": 0, "worker": 0}
    while True:
        resume = ["--resume"] * (killed["run"] > 0)
        with shell.start(*words, *resume) as process:
            alive = _until_killed(process, tmp_path / "begun", dice, killed)
            if alive:
                out, err = process.communicate(timeout=300)
                break
    report = json.loads(out)
    assert (report["state"], report["outputs"]) == ("succeeded", {"sum": TASKS * (TASKS + 1) // 2}), err
    assert killed["run"] >= 8
    assert killed["worker"] >= 8
    runs = json.loads(shell.call("runs", "--json").stdout)
    assert len(runs) == 1, "each start went on with the one before"
    done = committed(SqliteLog(shell.home / "embedded" / "log.sqlite"), report["run"])
    assert set(done) == {f"p/f[{number}]/a" for number in range(TASKS)}
    assert set(done.values()) == {1}
    begun = marks(tmp_path / "begun")
    assert len(begun) == TASKS
    again = sum(begun.values()) - TASKS
    # What is done again is what a killed process had not reported yet: about the work of two tenths of a second.
    assert again < TASKS


def _until_killed(process, begun: Path, dice: random.Random, killed: dict[str, int]) -> bool:
    """Kill attempts' processes now and then, and at last the run; True if it goes on to its end instead."""
    for step in range(3):
        until = sum(marks(begun).values()) + dice.randint(20, 90)
        if until > TASKS * 0.9:
            return True
        while sum(marks(begun).values()) < until:
            if process.poll() is not None:
                return True
        if step < 2:
            hosts = [
                child for child in psutil.Process(process.pid).children() if "host.py" in " ".join(child.cmdline())
            ]
            for host in dice.sample(hosts, min(len(hosts), 1)):
                host.kill()
                killed["worker"] += 1
    kill(process)
    killed["run"] += 1
    return False
