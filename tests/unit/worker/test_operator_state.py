"""The state of operators: kept from run to run, committed once, never half."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest
from econda_edsl.plan import Entry, Inline

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.wire.chunk import Chunk, Report, StateField, WorkItem, WorkTask
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded
from econda_cloud.worker.data.operator_state import OperatorState, StateMoved
from econda_cloud.worker.processes.host_pool import HostPool
from econda_cloud.worker.run_chunk import run_chunk

FOLD = "seen = seen + n\nhistory = history + [n]\ntotal = seen"
STATE = {"seen": StateField(type="Int", start=0), "history": StateField(type="List[Int]", start=[])}


class Operator:
    """Runs an operator's attempts over one store."""

    def __init__(self, tmp_path: Path, hosts: HostPool) -> None:
        self.blobs, self.tmp_path, self.hosts = MemoryBlobs(), tmp_path, hosts

    def run(self, n: int, *, run: str, key: str = "", body: str = FOLD, code: Inline | Entry | None = None,
            bundle: str | None = None, attempt: int = 1) -> Report:  # fmt: skip
        task = WorkTask(name="fold", run=code or Inline(language="python", body=body), inputs={"n": "Int"},
                        outputs={"total": "Int"}, state=STATE)  # fmt: skip
        item = WorkItem(instance="p/fold", attempt=attempt, args={"n": n}, key=key)
        chunk = Chunk(id="c", run=run, namespace="n", task=task, items=(item,), bundle=bundle)
        [report] = run_chunk(chunk, blobs=self.blobs, scratch=self.tmp_path, hosts=self.hosts,
                             clock=lambda: time.time_ns() // 1_000_000)  # fmt: skip
        return report

    def total(self, n: int, **more: object) -> int:
        report = self.run(n, **more)  # type: ignore[arg-type]
        assert isinstance(report, AttemptSucceeded), report
        return report.outputs["total"]


@pytest.fixture
def operator(tmp_path: Path):
    with HostPool() as hosts:
        yield Operator(tmp_path, hosts)


def test_a_run_goes_on_from_the_one_before(operator: Operator) -> None:
    assert [operator.total(n, run=f"r{n}") for n in (1, 2, 3)] == [1, 3, 6]
    kept = OperatorState(operator.blobs, "n", "fold", "").read()
    assert (kept.version, kept.values) == (3, {"seen": 6, "history": [1, 2, 3]})


def test_each_key_has_a_state_of_its_own(operator: Operator) -> None:
    assert operator.total(1, run="a", key="x") == 1
    assert operator.total(1, run="b", key="y/../z") == 1
    assert operator.total(1, run="c", key="x") == 2


def test_a_failed_attempt_changes_nothing(operator: Operator) -> None:
    operator.total(1, run="a")
    assert isinstance(operator.run(5, run="b", body=FOLD + "\nraise ValueError(seen)"), AttemptFailed)
    assert operator.total(1, run="c") == 2


def test_an_attempt_whose_report_was_lost_is_not_folded_in_twice(operator: Operator) -> None:
    assert operator.total(4, run="a") == 4
    assert operator.total(4, run="a", attempt=2) == 4
    assert operator.total(1, run="b") == 5


def test_nor_if_others_have_committed_since(operator: Operator) -> None:
    assert operator.total(4, run="a") == 4
    assert operator.total(1, run="b") == 5
    assert operator.total(4, run="a", attempt=2) == 4
    assert operator.total(1, run="c") == 6


def test_the_slower_of_two_writes_over_nothing_of_the_faster(operator: Operator) -> None:
    one, other = (OperatorState(operator.blobs, "n", "fold", "k") for _ in range(2))
    one.read(), other.read()
    one.commit({"seen": 1}, {"total": 1}, "a", "p/f[0]/fold")
    with pytest.raises(StateMoved):
        other.commit({"seen": 2}, {"total": 2}, "a", "p/f[1]/fold")
    other.read()
    other.commit({"seen": 3}, {"total": 3}, "a", "p/f[1]/fold")
    again = OperatorState(operator.blobs, "n", "fold", "k")
    again.read()
    assert again.committed("a", "p/f[0]/fold") == {"total": 1}
    assert again.committed("a", "p/f[2]/fold") is None


def test_whoever_commits_later_begins_again(operator: Operator) -> None:
    one, other = (OperatorState(operator.blobs, "n", "fold", "k") for _ in range(2))
    one.read(), other.read()
    one.commit({"seen": 1}, {}, "a", "p/fold")
    with pytest.raises(StateMoved):
        other.commit({"seen": 2}, {}, "b", "p/fold")
    assert other.read().values == {"seen": 1}
    other.commit({"seen": 3}, {}, "b", "p/fold")
    assert one.read().version == 2


def test_a_conflict_costs_no_retry(operator: Operator) -> None:
    """A commit in between is a preemption: the broker's business, not a failure of the task."""
    original = operator.blobs.put_if

    def taken(key: str, data: bytes, tag: str | None) -> str:
        operator.blobs.put_if = original  # type: ignore[method-assign]
        OperatorState(operator.blobs, "n", "fold", "").commit({"seen": 9, "history": []}, {}, "other", "p/fold")
        return original(key, data, tag)

    operator.blobs.put_if = taken  # type: ignore[method-assign]
    report = operator.run(1, run="a")
    assert isinstance(report, AttemptFailed)
    assert report.failure == "preempted"
    assert operator.total(1, run="a", attempt=2) == 10


def test_a_function_is_given_its_state(operator: Operator) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("lib.py", "def fold(n, state):\n    state.seen += n\n    return state.seen\n")
    operator.blobs.put("bundle.zip", packed.getvalue())
    code = Entry(language="python", path="lib.py", function="fold")
    assert operator.total(2, run="a", code=code, bundle="bundle.zip") == 2
    assert operator.total(3, run="b", code=code, bundle="bundle.zip") == 5


def test_state_of_a_wrong_type_is_not_committed(operator: Operator) -> None:
    operator.total(1, run="a")
    report = operator.run(1, run="b", body="seen = 'many'\ntotal = 1")
    assert isinstance(report, AttemptFailed)
    assert "`seen` should be Int" in report.message
    assert operator.total(1, run="c") == 2
