"""`econda run` killed with no time for a last word, and what `--resume` and `rerun` make of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.crash.killing import Shell, kill, marks

FAN = """edsl 1

task mark(i: Int, dir: String) -> (y: Int):
    run python:
        with open(dir + "/begun", "a") as file:
            file.write(f"{{i}}\\n")
        if i == {stop}:
            open(dir + "/there", "w").close()
            import time
            while True:
                time.sleep(60)
        y = i

task total(ys: List[Int], bad: Bool) -> (sum: Int):
    run python:
        if bad:
            raise ValueError("not today")
        sum = sum(ys)

pipeline p(dir: String, n: Int = 12, bad: Bool = false) -> (sum: Int):
    f = foreach i in 1..n up to 5000 with parallel = 1:
        a = mark(i, dir)
        gather a.y
    t = total(f.done, bad)
    return sum = t.sum
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "p.edsl").write_text(FAN.format(stop=-1))
    return Shell(tmp_path)


def arguments(shell: Shell, *more: str) -> list[str]:
    return ["run", "p.edsl", "-p", f"dir={shell.folder}", *more]


def killed_midway(shell: Shell) -> None:
    """A run that is killed while its fifth member is at work; the file is then mended without a change of meaning."""
    shell.folder.joinpath("p.edsl").write_text(FAN.format(stop=5))
    there = shell.folder / "there"
    with shell.start(*arguments(shell)) as process:
        while not there.exists():
            assert process.poll() is None, process.communicate()
        kill(process)
    there.unlink()


def test_a_killed_run_goes_on_where_it_was(shell: Shell) -> None:
    stop = shell.folder / "p.edsl"
    killed_midway(shell)
    [row] = json.loads(shell.call("runs", "--json").stdout)
    assert row["state"] == "interrupted"
    # The same text would hang again: what makes it go on lies outside, as the world does.
    stop.write_text(FAN.format(stop=5).replace("while True:", "while not os.path.exists(dir + '/go'):").replace("import time", "import os, time"))  # fmt: skip
    shell.folder.joinpath("go").touch()
    report = shell.report(*arguments(shell, "--resume"))
    assert (report["state"], report["outputs"]) == ("succeeded", {"sum": 78})
    # The code of `mark` has changed, so nothing of it could be used; `why` says so.
    why = json.loads(shell.call("why", "last", "p/f[0]/a", "--json").stdout)
    assert why["not_reused"].endswith(": code")
    assert report["run"] != row["run"]


def test_the_same_run_goes_on_under_its_own_name(shell: Shell) -> None:
    shell.folder.joinpath("p.edsl").write_text(FAN.format(stop=5).replace("while True:", "while not os.path.exists(dir + '/go'):").replace("import time", "import os, time"))  # fmt: skip
    there = shell.folder / "there"
    with shell.start(*arguments(shell)) as process:
        while not there.exists():
            assert process.poll() is None, process.communicate()
        kill(process)
    shell.folder.joinpath("go").touch()
    before = marks(shell.folder / "begun")
    [row] = json.loads(shell.call("runs", "--json").stdout)
    done = shell.call(*arguments(shell, "--resume", "--json"))
    report = json.loads(done.stdout)
    assert (report["run"], report["outputs"]) == (row["run"], {"sum": 78}), done.stderr
    assert "goes on:" in done.stderr
    again = marks(shell.folder / "begun") - before
    # Only what had not been reported is done again: one member at work, and those in the fifth of a second before.
    assert again["12"] == 1
    assert not {"12", "11", "10"} & set(before)
    # Nothing is left to go on with: the run has ended, and a new one uses its results.
    third = shell.report(*arguments(shell, "--resume"))
    assert third["run"] != row["run"]
    assert {task["state"] for task in third["tasks"]} == {"reused"}


def test_a_failed_run_is_mended_from_where_it_failed(shell: Shell) -> None:
    failed = shell.report(*arguments(shell, "-p", "bad=true"))
    assert failed["state"] == "failed"
    begun = marks(shell.folder / "begun")
    mended = shell.report(*arguments(shell, "--resume"))
    assert (mended["state"], mended["outputs"]) == ("succeeded", {"sum": 78})
    assert marks(shell.folder / "begun") == begun
    shell.folder.joinpath("p.edsl").unlink()
    # A rerun needs no file: plan, code and parameters are the run's own.
    again = shell.report("rerun", "last", "--from", "mark")
    assert again["outputs"] == {"sum": 78}
    assert marks(shell.folder / "begun")["1"] == begun["1"] + 1
    wrong = shell.call("rerun", "last", "--from", "p/totl")
    assert wrong.returncode == 2
    assert "did you mean `p/t`" in wrong.stderr or "p/t" in wrong.stderr


def test_one_process_carries_a_run_on(shell: Shell) -> None:
    shell.folder.joinpath("p.edsl").write_text(FAN.format(stop=5))
    there = shell.folder / "there"
    with shell.start(*arguments(shell)) as process:
        while not there.exists():
            assert process.poll() is None, process.communicate()
        [row] = json.loads(shell.call("runs", "--json").stdout)
        assert row["state"] == "running"
        refused = shell.call(*arguments(shell, "--resume"))
        assert refused.returncode == 1
        assert "goes on in another process" in refused.stderr
        # Another run beside it on the same state is nobody's harm.
        other = shell.report("run", "p.edsl", "-p", f"dir={shell.folder}", "-p", "n=3")
        assert other["outputs"] == {"sum": 6}
        kill(process)


def test_no_run_to_go_on_with_is_said(shell: Shell) -> None:
    done = shell.call(*arguments(shell, "--resume"))
    assert done.returncode == 0
    assert "never ran on this machine" in done.stderr
