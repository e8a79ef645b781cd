"""The trace file of a Nextflow run: a table of its tasks with times, cores and memory, separated by tabs."""

from __future__ import annotations

import csv
import io
import re

from econda_edsl.importing.documents import decode, shown
from econda_edsl.importing.recordings.recorded import RecordedTask, imported
from econda_edsl.importing.report import Gaps, Imported, NotImported

_TIMES = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40, "PB": 2**50}
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)(?:\s+|$)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGTP]?B)?$")
_MISSING = ("", "-", "null")
_USED = frozenset({"task_id", "hash", "native_id", "name", "process", "tag", "status", "exit", "submit", "start",
                   "complete", "duration", "realtime", "cpus", "%cpu", "memory", "peak_rss", "rss", "attempt"})  # fmt: skip


def looks_like(text: str) -> bool:
    """Whether a text is a trace: a first line of names with tabs, among them a task and its status."""
    columns = text.partition("\n")[0].strip().split("\t")
    return "status" in columns and bool({"name", "process"} & set(columns))


def import_trace(data: bytes, path: str, *, scale: float) -> Imported:
    """Read a trace. `scale` is how much of its recorded time a step sleeps. Raises `NotImported`."""
    text = decode(data, path)
    if not looks_like(text):
        raise NotImported(f"{path}:1: no names of columns with `name` and `status`, separated by tabs; is it a trace?")
    gaps = Gaps()
    gaps.of(path, "dependencies between tasks", "a trace does not record them", "add `after` to the steps, or import "
            "a recording in WfFormat, which has them")  # fmt: skip
    rows = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    unused = [name for name in rows.fieldnames or [] if name and name not in _USED]
    if unused:
        gaps.of(f"{path}:1", f"the columns {', '.join(unused[:20])}", "a step that sleeps does none of that",
                "keep the trace beside the program")  # fmt: skip
    tasks: list[RecordedTask] = []
    for number, row in enumerate(rows, 2):
        where = f"{path}:{number}"
        if None in row or None in row.values():
            raise NotImported(f"{where}: not as many columns as the first line names; is the file cut off?")
        status = row["status"]
        if status not in ("COMPLETED", "CACHED"):
            gaps.of(where, f"the task {shown(row.get('name', ''))}, which is {status}", "only tasks that completed are "
                    "replayed", "add it by hand if it matters")  # fmt: skip
            continue
        tasks.append(_task(row, where, len(tasks) + 1))
    head = [f"Imported from the Nextflow trace {path}. Each step sleeps for the recorded time, times `scale`.",
            *(gap.note for gap in gaps.found[:1])]  # fmt: skip
    name = path.rsplit("/", 1)[-1].partition(".")[0]
    return imported("nextflow-trace", name, tasks, gaps.found, scale=scale, head=head)


def _task(row: dict[str, str], where: str, number: int) -> RecordedTask:
    kind = (row.get("process") or re.sub(r"\s*\(.*\)\s*$", "", row.get("name", ""))).rpartition(":")[2] or "task"
    seconds = _seconds(row.get("realtime", ""), where)
    if seconds is None:
        seconds = _seconds(row.get("duration", ""), where)
    cpus = row.get("cpus", "")
    memory = _bytes(row.get("peak_rss", ""), where)
    return RecordedTask(
        f"{kind}_{row.get('task_id') or number}",
        kind,
        seconds or 0.0,
        cpu=int(cpus) if cpus.isdecimal() else None,
        memory=_bytes(row.get("memory", ""), where) if memory is None else memory,
        where=where,
    )


def _seconds(text: str, where: str) -> float | None:
    """`1m 30s`, `120ms`, or plain milliseconds as raw traces have them."""
    text = text.strip()
    if text in _MISSING:
        return None
    if text.isdecimal():
        return int(text) / 1000
    parts = _TIME.findall(text)
    if not parts or _TIME.sub("", text).strip():
        raise NotImported(f"{where}: {shown(text)} is no time such as `1m 30s`; correct it")
    return round(sum(float(value) * _TIMES[unit] for value, unit in parts), 3)


def _bytes(text: str, where: str) -> int | None:
    """`1.5 GB` (of 1024 each), or plain bytes."""
    text = text.strip()
    if text in _MISSING:
        return None
    match = _SIZE.fullmatch(text)
    if match is None:
        raise NotImported(f"{where}: {shown(text)} is no size such as `1.5 GB`; correct it")
    return round(float(match[1]) * _SIZES[match[2] or "B"])
