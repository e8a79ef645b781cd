"""Names that a shell completes: of what a run has. An error completes nothing."""

from __future__ import annotations

from collections.abc import Iterable

from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.stores import Found, embedded
from econda_cloud.record.instances import instances_of
from econda_cloud.run.downstream import steps_of, tasks_of
from econda_cloud.schedule.stored_plans import stored_plan

MOST = 200


def instances(run: str, start: str) -> list[str]:
    try:
        return _with(instances_of(_found(run).entries), start)
    except Exception:
        return []


def tasks(run: str, start: str) -> list[str]:
    """Tasks and steps, and instances once something was typed."""
    try:
        found = _found(run)
        plan = stored_plan(found.store.blobs, found.namespace, found.run)
        named = [*dict.fromkeys(tasks_of(plan).values()), *steps_of(plan)]
        return _with([*named, *(instances_of(found.entries) if start else ())], start)
    except Exception:
        return []


def outputs(run: str, start: str) -> list[str]:
    try:
        outcome = _found(run).state().outcome
        return _with(outcome.outputs if outcome else (), start)
    except Exception:
        return []


def _found(run: str) -> Found:
    return find_run(run, None, [embedded()])


def _with(names: Iterable[str], start: str) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(start)][:MOST]
