"""Recordings become plans with exactly the recorded tasks and dependencies, and those plans run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.importing.recordings.wfformat import import_wfformat
from econda_edsl.importing.report import NotImported
from econda_edsl.plan import Call, Plan
from econda_edsl.writing.source import source_text

from tests.importing.conftest import written

RECORDED = {
    "atacseq-dirt02-001": (265, 593),
    "bacass-dirt02-001": (11, 14),
    "chipseq-dirt02-001": (210, 437),
    "fetchngs-dirt02-001": (43, 28),
    "mag-dirt02-001": (157, 282),
    "rnaseq-dirt02-001": (197, 451),
    "sarek-dirt02-001": (26, 50),
    "taxprofiler-dirt02-001": (127, 246),
    "montage-chameleon-dss-15d-001": (2122, 6114),
    "1000genome-chameleon-10ch-100k-001": (260, 380),
    "epigenomics-chameleon-hep-2seq-100k-001": (119, 144),
}


def recorded_counts(document: dict) -> tuple[int, int]:
    """Tasks and dependencies as the document has them, counted on their own."""
    tasks = document["workflow"]["specification"]["tasks"]
    edges = {(parent, task["id"]) for task in tasks for parent in task["parents"]}
    edges |= {(task["id"], child) for task in tasks for child in task["children"]}
    return len({task["id"] for task in tasks}), len(edges)


def counts(plan: Plan) -> tuple[int, int]:
    assert all(isinstance(node, Call) for node in plan.body)
    return len(plan.body), sum(len(set(node.waits)) for node in plan.body)


@pytest.mark.parametrize("name", RECORDED)
def test_a_plan_has_the_recorded_tasks_and_dependencies(recordings: Path, name: str) -> None:
    data = (recordings / f"{name}.json").read_bytes()
    _, plan = written(import_wfformat(data, name, scale=0.001))
    assert counts(plan) == recorded_counts(json.loads(data)) == RECORDED[name]


def test_steps_sleep_for_the_recorded_time_and_ask_for_what_was_used(recordings: Path) -> None:
    data = (recordings / "sarek-dirt02-001.json").read_bytes()
    execution = {t["id"]: t for t in json.loads(data)["workflow"]["execution"]["tasks"]}
    _, plan = written(import_wfformat(data, "sarek.json", scale=0.01))
    assert plan.params["scale"].default == {"lit": 0.01}
    slept = {node.args["seconds"]["mul"][0]["lit"] for node in plan.body}  # type: ignore[union-attr]
    assert slept == {t["runtimeInSeconds"] for t in execution.values()}
    most = max(t["memoryInBytes"] for t in execution.values())
    asked = max(task.needs.memory["lit"] for task in plan.tasks.values())
    assert most <= asked < most + 2**20


@pytest.mark.parametrize("name", ["bacass-dirt02-001", "fetchngs-dirt02-001", "sarek-dirt02-001"])
def test_an_imported_recording_runs(recordings: Path, econda, name: str) -> None:
    done = econda("import", recordings / f"{name}.json", "--time-scale", "1/10000", "--json")
    assert done.returncode == 5, done.stderr
    report = json.loads(done.stdout)
    assert (report["steps"], report["edges"]) == RECORDED[name]
    ran = econda("run", report["files"][0], "--json")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    told = json.loads(ran.stdout)
    assert [task["state"] for task in told["tasks"]] == ["succeeded"] * RECORDED[name][0]


def recording(tasks: list[dict]) -> bytes:
    return json.dumps({"name": "w", "schemaVersion": "1.4", "workflow": {"tasks": tasks}}).encode()


def test_older_versions_name_parents_by_name_and_may_give_only_children() -> None:
    tasks = [
        {"name": "a", "id": "0001", "runtimeInSeconds": 1, "children": ["b"]},
        {"name": "b", "id": "0002", "runtime": 2.5, "cores": 3, "memory": 2**30, "parents": ["a"]},
        {"name": "c", "id": "0003", "parents": ["0002"]},
    ]
    _, plan = written(import_wfformat(recording(tasks), "old.json", scale=1))
    assert counts(plan) == (3, 2)
    assert plan.tasks["b"].needs.cpu == {"lit": 3}
    assert plan.tasks["b"].needs.memory == {"lit": 2**30}
    jobs = json.dumps({"name": "w", "workflow": {"jobs": tasks}}).encode()
    assert counts(written(import_wfformat(jobs, "older.json", scale=1))[1]) == (3, 2)


def test_names_of_any_kind_become_names_of_the_language() -> None:
    names = ["when", "When", "WHEN", "größe", "任务", "任务2", "1st", "a.b c", "run", "scale", "w", "x" * 300]
    tasks = [{"name": name, "id": name, "parents": names[:place][-1:]} for place, name in enumerate(names)]
    _, plan = written(import_wfformat(recording(tasks), "names.json", scale=1))
    assert counts(plan) == (len(names), len(names) - 1)
    assert len({node.id.casefold() for node in plan.body}) == len(names)


def test_ten_thousand_tasks_with_names_too_long_for_one_file() -> None:
    stem = "a_stage_whose_name_is_long_enough_to_fill_"
    tasks = [{"name": stem, "id": f"{stem}{n}", "runtime": 1.5, "parents": [f"{stem}{n // 2}"] if n else []} for n in range(10_000)]  # fmt: skip
    found = import_wfformat(recording(tasks), "many.json", scale=1)
    text = source_text(found.program)
    plan = compile_source(text).plan
    assert plan is not None
    assert counts(plan) == (10_000, 9_999)
    assert "Steps are numbered" in text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "bad.json:1:2: not JSON"),
        (b'{"workflow": {"tasks": [], "tasks": []}}', 'the key "tasks" is given twice'),
        (b"[" * 100_000, "nested too deep"),
        (b"\xff{}", "not UTF-8 (byte 0)"),
        (b'{"workflow": []}', "bad.json: workflow: [] where an object is needed"),
        (b'{"workflow": {"tasks": {}}}', "bad.json: workflow.tasks: {} where a list is needed"),
        (recording([]), "no tasks"),
        (recording([{"runtime": 1}]), "a task without `id` and `name`"),
        (recording([{"name": "a", "parents": ["z"]}]), 'workflow.tasks[0].parents: "z": there is no such task'),
        (recording([{"name": "a"}, {"name": "a"}]), 'the id "a" is given twice'),
        (recording([{"name": "a", "runtime": -1}]), "`runtime` is -1"),
        (recording([{"name": "a", "runtime": "long"}]), '`runtime` is "long"'),
        (recording([{"name": "a", "runtime": float("nan")}]), "`runtime` is NaN"),
        (recording([{"name": n, "parents": [p]} for n, p in ("ab", "bc", "ca")]), "in a circle: a → b → c → a"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(NotImported) as caught:
        import_wfformat(data, "bad.json", scale=1)
    assert said in str(caught.value)


def test_what_cannot_fit_into_a_source_is_refused() -> None:
    tasks = [{"name": f"t{n}", "parents": [f"t{m}" for m in range(max(0, n - 100), n)]} for n in range(3_000)]
    with pytest.raises(NotImported, match="longer than 1,048,576 bytes"):
        import_wfformat(recording(tasks), "dense.json", scale=1)
