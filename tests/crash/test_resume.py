"""`econda run` killed with no time for a last word, and what `--resume` and `rerun` make of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.crash.killing import Shell, kill, marks, until

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


WAITING = FAN.replace("while True:", "while not os.path.exists(dir + '/go'):").replace("import time", "import os, time")


def killed_midway(shell: Shell) -> str:
    """The name of a run that was killed while its fifth member was at work."""
    shell.folder.joinpath("p.edsl").write_text(WAITING.format(stop=5))
    with shell.start(*arguments(shell)) as process:
        until((shell.folder / "there").exists, process)
        kill(process)
    shell.folder.joinpath("go").touch()
    [row] = json.loads(shell.call("runs", "--json").stdout)
    assert row["state"] == "interrupted"
    return row["run"]


def test_a_killed_run_whose_code_was_changed_is_followed(shell: Shell) -> None:
    interrupted = killed_midway(shell)
    shell.folder.joinpath("p.edsl").write_text(FAN.format(stop=-1))
    report = shell.report(*arguments(shell, "--resume"))
    assert (report["state"], report["outputs"]) == ("succeeded", {"sum": 78})
    assert report["run"] != interrupted
    why = json.loads(shell.call("why", "last", "p/f[0]/a", "--json").stdout)
    assert why["not_reused"] == f"changed since {interrupted}: code"


def test_a_killed_run_goes_on_under_its_own_name(shell: Shell) -> None:
    interrupted = killed_midway(shell)
    before = marks(shell.folder / "begun")
    done = shell.call(*arguments(shell, "--resume", "--json"))
    report = json.loads(done.stdout)
    assert (report["run"], report["outputs"]) == (interrupted, {"sum": 78}), done.stderr
    assert "goes on:" in done.stderr
    # What had been reported is not done again: at most the member at work, and what its chunk had not handed on yet.
    again = marks(shell.folder / "begun") - before
    assert again["12"] == 1
    assert not {"12", "11", "10"} & set(before)
    # Nothing is left to go on with: the run has ended, and a new one uses its results.
    third = shell.report(*arguments(shell, "--resume"))
    assert third["run"] != interrupted
    assert {task["state"] for task in third["tasks"]} == {"reused"}


CHECKPOINTED = """edsl 1

task train(dir: String, epochs: Int) -> (began_at: Int):
    checkpoint = every(20ms)
    run python:
        import os, time

        kept = os.path.join(os.environ["ECONDA_CHECKPOINT"], "epoch")
        began_at = int(open(kept).read()) if os.path.exists(kept) else 0
        for epoch in range(began_at, epochs):
            with open(kept + ".new", "w") as file:
                file.write(str(epoch + 1))
            os.rename(kept + ".new", kept)
            if epoch == 5 and not os.path.exists(dir + "/go"):
                time.sleep(1)
                open(dir + "/there", "w").close()
                time.sleep(600)

pipeline p(dir: String) -> (began_at: Int):
    a = train(dir, 10)
    return began_at = a.began_at
"""


def test_a_rerun_of_an_interrupted_run_goes_on_from_its_checkpoints(shell: Shell) -> None:
    shell.folder.joinpath("p.edsl").write_text(CHECKPOINTED)
    with shell.start("run", "p.edsl", "-p", f"dir={shell.folder}") as process:
        until((shell.folder / "there").exists, process)
        kill(process)
    shell.folder.joinpath("go").touch()
    [row] = json.loads(shell.call("runs", "--json").stdout)
    report = shell.report("rerun", "last")
    assert (report["run"], report["outputs"]) == (row["run"], {"began_at": 6})


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
    wrong = shell.call("rerun", "last", "--from", "p/f/b")
    assert wrong.returncode == 2
    assert "p has no step or task `p/f/b`; did you mean `p/f/a`?" in wrong.stderr


def test_a_rerun_has_the_code_files_of_its_run(shell: Shell) -> None:
    source = 'edsl 1\n\ntask t(x: Int) -> (y: Int):\n    run python "code.py:f"\n\npipeline q() -> (y: Int):\n    a = t(1)\n    return y = a.y\n'
    shell.folder.joinpath("q.edsl").write_text(source)
    shell.folder.joinpath("code.py").write_text("def f(x):\n    return {'y': x + 1}\n")
    assert shell.report("run", "q.edsl")["outputs"] == {"y": 2}
    shell.folder.joinpath("code.py").unlink()
    for _ in range(2):
        again = shell.report("rerun", "last", "--from", "t")
        assert (again["outputs"], again["tasks"][0]["state"]) == ({"y": 2}, "succeeded")


def test_one_process_carries_a_run_on(shell: Shell) -> None:
    shell.folder.joinpath("p.edsl").write_text(FAN.format(stop=5))
    with shell.start(*arguments(shell)) as process:
        until((shell.folder / "there").exists, process)
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
