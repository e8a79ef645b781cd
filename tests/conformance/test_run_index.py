"""What every index of runs must do, whatever it is kept in."""

from __future__ import annotations

import pytest
from econda_adapters.embedded.sqlite_run_index import SqliteRunIndex

from econda_cloud.ports.run_index import IndexedRun, MemoryRunIndex, newest_first

T = 1_790_000_000_000


@pytest.fixture(params=["memory", "sqlite"])
def index(request, tmp_path):
    if request.param == "memory":
        yield MemoryRunIndex()
        return
    index = SqliteRunIndex(tmp_path / "log.sqlite")
    yield index
    index.close()


@pytest.fixture
def begin(index):
    """Adds a run to the index."""

    def add(namespace: str, run: str, started_ms: int) -> IndexedRun:
        made = IndexedRun(namespace, run, started_ms)
        index.add(made)
        return made

    return add


def test_runs_come_newest_first_and_namespaces_apart(index, begin):
    first, third = begin("n", "a-1", T), begin("n", "a-3", T + 2)
    second, other = begin("n", "b-2", T + 1), begin("m", "a-1", T + 9)
    assert index.newest("n", 10) == [third, second, first]
    assert index.newest("m", 10) == [other]
    assert index.newest("none", 10) == []
    assert index.namespaces() == ["m", "n"]


def test_a_page_goes_on_where_the_last_one_ended(index, begin):
    runs = [begin("n", f"a-{i}", T + i) for i in range(7)][::-1]
    assert index.newest("n", 3) == runs[:3]
    assert index.newest("n", 3, runs[2].position) == runs[3:6]
    assert index.newest("n", 3, runs[5].position) == runs[6:]
    assert index.newest("n", 3, runs[6].position) == []


def test_runs_of_one_millisecond_are_all_there_once(index, begin):
    runs = {begin("n", f"a-{i}", T).run for i in range(20)}
    pages, before = [], None
    while page := index.newest("n", 6, before):
        pages += [each.run for each in page]
        before = page[-1].position
    assert len(pages) == 20
    assert set(pages) == runs


def test_the_same_run_twice_is_one(index, begin):
    run = begin("n", "a-1", T)
    begin("n", "a-1", T)
    assert index.newest("n", 10) == [run]


def test_namespaces_are_merged_lazily(index, begin):
    runs = [begin(namespace, f"{namespace}-{i}", T + 10 * i + offset) for i in range(5)
            for offset, namespace in enumerate(("m", "n", "o"))][::-1]  # fmt: skip
    assert list(newest_first(index, page=2)) == runs
    assert list(newest_first(index, page=2, before=runs[3].position)) == runs[4:]
    assert list(newest_first(index, namespace="n", page=2)) == [run for run in runs if run.namespace == "n"]
