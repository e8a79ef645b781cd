"""WfFormat: recorded workflows as the WfCommons project writes them, version 1.5 and those before it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from econda_edsl.importing.documents import items, mapping, read_json, shown
from econda_edsl.importing.recordings.recorded import RecordedTask, imported
from econda_edsl.importing.report import Gaps, Imported, NotImported

_INSTANCE = re.compile(r"[_.]?(?:ID)?\d+$")
_TASK_KEYS = frozenset({
    "id", "name", "type", "category", "parents", "children", "command", "machines", "machine", "runtimeInSeconds",
    "runtime", "coreCount", "cores", "avgCPU", "memoryInBytes", "memory",
})  # fmt: skip
_WHY = {
    "files": (
        "a recording's files are names and sizes, there is no data to move",
        "pass real files between real tasks",
    ),
    "inputFiles": ("a recording's files are names, there is no data to move", "pass real files between real tasks"),
    "outputFiles": ("a recording's files are names, there is no data to move", "pass real files between real tasks"),
    "readBytes": ("a step that sleeps reads nothing", "use real tasks to measure data"),
    "writtenBytes": ("a step that sleeps writes nothing", "use real tasks to measure data"),
    "priority": ("waiting attempts are served first come, first served", "order steps by `after`"),
    "energy": ("no step asks for energy", "keep the recording beside the program"),
    "energyInKWh": ("no step asks for energy", "keep the recording beside the program"),
    "avgPower": ("no step asks for power", "keep the recording beside the program"),
    "avgPowerInW": ("no step asks for power", "keep the recording beside the program"),
}


def looks_like(document: Any) -> bool:
    """Whether a JSON document is a recorded workflow."""
    if not isinstance(document, dict) or not isinstance(document.get("workflow"), dict):
        return False
    return "schemaVersion" in document or bool({"specification", "tasks", "jobs"} & document["workflow"].keys())


def import_wfformat(data: bytes, path: str, *, scale: float) -> Imported:
    """Read a recording. `scale` is how much of its recorded time a step sleeps. Raises `NotImported`."""
    document = mapping(read_json(data, path), path)
    workflow = mapping(document.get("workflow"), f"{path}: workflow")
    records = list(_records(workflow, path))
    gaps = Gaps()
    for key in dict.fromkeys(key for record, _ in records for key in record if key not in _TASK_KEYS):
        why, instead = _WHY.get(key, ("the language has nothing like it", "keep the recording beside the program"))
        gaps.of(f"{path}: `{key}` of the tasks", "left out", why, instead)
    if workflow.get("machines") or mapping(workflow.get("execution", {}), f"{path}: execution").get("machines"):
        gaps.of(f"{path}: machines", "left out", "where a step runs is decided anew", "say what it `needs`")
    tasks = [_task(record, where) for record, where in records]
    _join(tasks, records, path)
    name = str(document.get("name") or path)
    head = [f"Imported from a recording of {name}: its tasks, their dependencies, cores and memory.",
            "Each step sleeps for the time that was recorded, times `scale`."]  # fmt: skip
    return imported("wfformat", name, tasks, gaps.found, scale=scale, head=head)


def _records(workflow: dict[str, Any], path: str) -> Iterable[tuple[dict[str, Any], str]]:
    """What is said of each task, the specification and the execution of 1.5 brought together, and where."""
    if "specification" not in workflow:
        key = "tasks" if "tasks" in workflow else "jobs"
        for place, record in enumerate(items(workflow.get(key), f"{path}: workflow.{key}")):
            yield mapping(record, f"{path}: workflow.{key}[{place}]"), f"{path}: workflow.{key}[{place}]"
        return
    where = f"{path}: workflow.specification"
    specified = items(mapping(workflow["specification"], where).get("tasks"), f"{where}.tasks")
    execution = mapping(workflow.get("execution", {}), f"{path}: workflow.execution")
    ran: dict[str, dict[str, Any]] = {}
    for place, record in enumerate(items(execution.get("tasks", []), f"{path}: workflow.execution.tasks")):
        found = mapping(record, f"{path}: workflow.execution.tasks[{place}]")
        ran[str(found.get("id"))] = found
    for place, record in enumerate(specified):
        found = mapping(record, f"{where}.tasks[{place}]")
        yield {**ran.get(str(found.get("id")), {}), **found}, f"{where}.tasks[{place}]"


def _task(record: dict[str, Any], where: str) -> RecordedTask:
    id_ = record.get("id", record.get("name"))
    if not isinstance(id_, str) or not id_:
        raise NotImported(f"{where}: a task without `id` and `name`; give it one")
    name = record.get("category") or record.get("name") or id_
    memory = _number(record, ("memoryInBytes", "memory"), where)
    cores = _number(record, ("coreCount", "cores"), where)
    used = _number(record, ("avgCPU",), where)
    # Cores are often not recorded; the share of a core that was used is the next best thing.
    cpu = cores if cores is not None else None if used is None else used / 100
    seconds = _number(record, ("runtimeInSeconds", "runtime"), where)
    return RecordedTask(
        id_,
        _INSTANCE.sub("", str(name)) or str(name),
        seconds or 0.0,
        cpu=None if cpu is None else math.ceil(cpu),
        memory=None if memory is None else int(memory),
        where=where,
    )


def _number(record: dict[str, Any], keys: tuple[str, ...], where: str) -> float | None:
    for key in keys:
        value = record.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            raise NotImported(f"{where}: `{key}` is {shown(value)}, not a number from 0; correct it")
        return float(value)
    return None


def _join(tasks: list[RecordedTask], records: list[tuple[dict[str, Any], str]], path: str) -> None:
    """Fill in the parents, from both lists: older versions name tasks by `name`, and some give only `children`."""
    by_id: dict[str, RecordedTask] = {}
    for task in tasks:
        if task.id in by_id:
            raise NotImported(f"{task.where}: the id {shown(task.id)} is given twice; rename one")
        by_id[task.id] = task
    by_name: dict[str, RecordedTask | None] = {}
    for task, (record, _) in zip(tasks, records, strict=True):
        name = str(record.get("name"))
        by_name[name] = None if name in by_name else task

    def find(reference: Any, where: str) -> RecordedTask:
        found = by_id.get(str(reference)) or by_name.get(str(reference))
        if found is None:
            why = "several tasks have that name" if str(reference) in by_name else "there is no such task"
            raise NotImported(f"{where}: {shown(reference)}: {why}; correct it in {path}")
        return found

    for task, (record, where) in zip(tasks, records, strict=True):
        task.parents += [find(r, f"{where}.parents").id for r in items(record.get("parents") or [], f"{where}.parents")]
        for reference in items(record.get("children") or [], f"{where}.children"):
            find(reference, f"{where}.children").parents.append(task.id)
