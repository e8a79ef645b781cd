"""Attempts that leave no trace work at one workdir; the others cannot be told apart from having the first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded
from econda_cloud.worker.processes import leftovers
from econda_cloud.worker.processes.host_pool import HostPool, Sharing
from econda_cloud.worker.processes.workdirs import Workdirs

LOOK = "import os\nseen = [os.getcwd(), *sorted(os.listdir('.'))]\n"
SEEN = {"seen": "List[String]"}


def seen(reports) -> list[list[str]]:
    return [report.outputs["seen"] for report in reports if isinstance(report, AttemptSucceeded)]


def test_a_directory_that_was_left_empty_is_used_again(go):
    [first], [second] = seen(go(LOOK, {}, {}, outputs=SEEN))
    assert first == second


@pytest.mark.parametrize(
    "left",
    [
        "open('x', 'w').close()\n",
        "os.mkdir('d')\n",
        "os.chmod('.', 0o777)\n",
        "os.rmdir(os.getcwd())\n",
        "import subprocess\nsubprocess.Popen(['sleep', '60'])\n",
    ],
    ids=["file", "directory", "mode", "gone", "process"],
)
def test_a_directory_that_was_not_left_as_it_was_is_thrown_away(go, left):
    [first, *_], second = seen(go(LOOK + "if n == 0:\n    " + left.replace("\n", "\n    ").rstrip() + "\n", {"n": 0}, {"n": 1}, inputs={"n": "Int"}, outputs=SEEN))  # fmt: skip
    assert len(second) == 1
    assert second[0] != first
    assert not Path(first).exists()


def test_a_failure_leaves_no_desk_behind(go):
    failed, after = go(LOOK + "assert n\n", {"n": 0}, {"n": 1}, inputs={"n": "Int"}, outputs=SEEN)
    assert isinstance(failed, AttemptFailed)
    assert len(after.outputs["seen"]) == 1


def test_each_attempt_has_what_it_wrote_in_a_log_of_its_own_and_none_if_it_wrote_nothing(go):
    body = "if n != 1:\n    print('this is', n)\n"
    reports = go(body, {"n": 0}, {"n": 1}, {"n": 2}, inputs={"n": "Int"})
    assert [Path(r.log).read_text() if r.log else None for r in reports] == ["this is 0\n", None, "this is 2\n"]


def test_what_a_killed_worker_left_is_removed_by_the_next_and_nothing_else(tmp_path, until):
    work, mine = tmp_path / "work", Workdirs()
    living = mine.take(work)
    killed = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; from pathlib import Path; from econda_cloud.worker.processes.workdirs import Workdirs\n"
         "print(Workdirs().take(Path(sys.argv[1])).directory, flush=True); time.sleep(600)", str(work)],
        stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert killed.stdout is not None
    with killed.stdout as said:
        left = Path(said.readline().strip())
        (left / "half").write_text("done")
        left.with_name(f"{left.name}.checkpoint").mkdir()
        left.with_name(f"{left.name}.checkpoint.tar").write_text("x")
        (work / "of somebody else").mkdir()
        (work / "econda-0123456789abcdef").mkdir()
        Workdirs().take(work)
        assert left.exists()
        assert living.directory.exists()
        killed.kill()
        killed.wait()
    third = Workdirs()
    taken = third.take(work)
    until(lambda: not [path for path in work.iterdir() if path.name.startswith(left.name)], "it is gone")
    assert living.directory.exists()
    assert taken.directory.exists()
    assert (work / "of somebody else").exists()
    assert (work / "econda-0123456789abcdef").exists(), "of a version that made no marks"
    for each in (mine, third):
        each.close()


def test_a_worker_that_turns_to_a_namespace_still_has_its_workdirs(tmp_path):
    """An attempt has its workdir before it asks for the process to run in."""
    work = tmp_path / "work"
    with HostPool() as hosts:
        for namespace in ("one", "other"):
            mine = hosts.workdirs.take(work)
            sharing = Sharing(namespace, "run", "task")
            hosts.give(sharing, hosts.take(sharing))
            assert leftovers._left_behind(work, tmp_path / "workers") == [], namespace
            assert mine.directory.exists()
            hosts.workdirs.give(mine, again=True)


def test_a_closed_pool_has_no_workdirs(tmp_path):
    workdirs = Workdirs()
    workdir = workdirs.take(tmp_path / "work")
    workdirs.give(workdir, again=True)
    assert workdirs.take(tmp_path / "work") == workdir
    workdirs.give(workdir, again=True)
    workdirs.close()
    assert list((tmp_path / "work").iterdir()) == []
    assert [path.name for path in (tmp_path / "workers").iterdir()] == [".lock"]
