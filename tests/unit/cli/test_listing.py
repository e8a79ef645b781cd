"""`econda runs` and `last` read the index of runs: what they cost does not grow with the runs that were."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import typer
from econda_adapters.embedded.runner import Home, run_plan
from typer.testing import CliRunner

from econda_cloud.cli.commands import app
from econda_cloud.cli.runs.finding import find_run, first_begun, last_of_plan
from econda_cloud.cli.runs.listing import names
from econda_cloud.cli.runs.stores import Store
from econda_cloud.ports.log import MemoryLog
from econda_cloud.ports.run_index import IndexedRun
from econda_cloud.schedule import run_history
from tests.play import plan_of

PLAN = plan_of("edsl 1\n\npipeline p(n: Int = 1) -> (y: Int):\n    return y = n + 1\n")
OTHER = plan_of("edsl 1\n\npipeline q() -> (y: Int):\n    return y = 7\n")


class CountingLog(MemoryLog):
    """Counts reads; nobody may ask it for all names."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[str] = Counter()

    def read(self, name: str, after: int = 0, most: int | None = None) -> list[bytes]:
        self.reads[name] += 1
        return super().read(name, after, most)

    def names(self, prefix: str) -> list[str]:
        raise AssertionError(f"all logs are asked for: {prefix}")


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.setenv("ECONDA_HOME", str(tmp_path))
    return Home(tmp_path / "embedded")


@pytest.fixture
def runs(home, monkeypatch) -> list[str]:
    """Five runs, of which each began in a millisecond of its own."""
    time = iter(range(1_790_000_000_000, 1_790_001_000_000, 5))
    monkeypatch.setattr("econda_adapters.embedded.runner.now_ms", lambda: next(time))
    return [run_plan(home, PLAN, {"n": number}).run for number in range(5)]


@pytest.fixture
def store(home, runs) -> Store:
    log = CountingLog()
    for run in runs:
        for number, record in enumerate(home.log.read(f"run/{run}")):
            log.append(f"run/{run}", number, record)
    return Store("a place", log, home.runs, home.blobs)


def econda(*arguments: str):
    return CliRunner().invoke(app, arguments)


def listed(*arguments: str) -> list[str]:
    done = econda("runs", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return [row["run"] for row in json.loads(done.stdout)]


def test_runs_are_listed_newest_first_page_by_page(runs):
    newest = runs[::-1]
    assert listed() == newest
    assert listed("--limit", "2") == newest[:2]
    assert listed("--limit", "2", "--before", newest[1]) == newest[2:4]
    assert listed("--before", newest[3]) == newest[4:]
    assert listed("--namespace", "local") == newest
    assert listed("--namespace", "other") == []


def test_a_page_names_the_command_for_the_next_one(runs):
    done = econda("runs", "--limit", "3")
    assert f"econda runs --before {runs[2]}" in done.stderr
    assert "there are more" not in econda("runs", "--limit", "5").stderr
    assert econda("runs", "--before", "nothing").exit_code == 4


def test_the_last_run_is_found_by_reading_one_log(store, runs):
    assert find_run("last", None, [store]).run == runs[-1]
    assert set(store.log.reads) == {f"run/{runs[-1]}"}


def test_a_run_is_found_by_the_start_of_its_name_without_reading_others(store, runs):
    assert find_run(runs[1][:-1], None, [store]).run == runs[1]
    assert set(store.log.reads) <= {f"run/{runs[1][:-1]}", f"run/{runs[1]}"}
    with pytest.raises(typer.Exit):
        find_run("p-", None, [store])
    assert names(store, runs[0], 10) == [runs[0]]
    assert names(store, "p-", 2) == runs[:-3:-1]


def test_the_last_run_of_a_pipeline_is_the_newest_with_a_log(store, runs):
    store.index.add(IndexedRun("local", "other-1", 1_800_000_000_000))
    store.index.add(IndexedRun("local", "p-never", 1_800_000_000_001))
    found = first_begun(store, ["p-never", runs[-2], runs[-1]])
    assert found is not None
    assert found.run == runs[-2]
    assert first_begun(store, ["p-never"]) is None
    digest = found.planned
    assert digest.startswith("sha256:")
    newest = last_of_plan(store, "p", digest)
    assert newest is not None
    assert newest.run == runs[-1]
    assert last_of_plan(store, "q", digest) is None
    assert last_of_plan(store, "p", "sha256:00") is None


def test_an_item_of_another_time_than_the_log_is_no_run(home, runs):
    """Whoever wrote it died before the first record, or was not the first."""
    home.runs.add(IndexedRun("local", runs[0], 1_800_000_000_000))
    home.runs.add(IndexedRun("local", "p-never", 1_800_000_000_001))
    assert listed() == runs[::-1]
    assert json.loads(econda("show", "last", "--json").stdout)["run"] == runs[-1]


def test_a_run_whose_plan_is_gone_is_told_of_and_hides_no_other(home, runs, monkeypatch):
    other = run_plan(home, OTHER, {}).run
    (Path(home.root) / "blobs" / "runs" / "local" / other / "plan.json").unlink()
    monkeypatch.setattr(run_history, "_KNOWN", {})
    done = econda("runs", "--json")
    assert [row["run"] for row in json.loads(done.stdout)] == runs[::-1]
    assert "not shown: 1 whose plan is gone from the bucket" in done.stderr
