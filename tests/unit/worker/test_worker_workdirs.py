"""Attempts that leave no trace work at one workdir; the others cannot be told apart from having the first."""

from __future__ import annotations

from pathlib import Path

import pytest

from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded
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


def test_a_closed_pool_has_no_workdirs(tmp_path):
    workdirs = Workdirs()
    workdir = workdirs.take(tmp_path / "work")
    workdirs.give(workdir, again=True)
    assert workdirs.take(tmp_path / "work") == workdir
    workdirs.give(workdir, again=True)
    workdirs.close()
    assert list((tmp_path / "work").iterdir()) == []
