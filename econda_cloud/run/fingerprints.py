"""What a result depends on: a name for each cause, so that two calls can be compared cause by cause.

The key of a call is the hash of its causes. It does not name the task, the step or what the task needs: who
renames a task or gives it more memory gets the results that are there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec
from econda_edsl.plan import Cache, Entry, Inline, Overrides, Plan, Run, Task

Causes: TypeAlias = dict[str, str]
"""By cause (`code`, `types`, `file PATH`, `files`, `environment`, `image`, `input NAME`) a short hash of it."""

FILES_MOST = 50
"""Code files that are causes of their own; more than so many are one."""

_ARTIFACT = "$artifact"
_encode = msgspec.json.Encoder(order="deterministic").encode


def cache_of(task: Task, overrides: Overrides | None) -> Cache | None:
    """The `cache` setting in force for a step: its own, else the task's."""
    if overrides is not None and overrides.cache is not None:
        return overrides.cache
    return task.cache


def task_causes(plan: Plan, task: Task) -> Causes:
    """What all calls of a task have in common: of the code files those that it can reach, each a cause of its own; all of
    them, where that cannot be told. Any record may be spoken of, so all count.
    """
    environment = plan.environments.get(task.environment or "")
    code = [_placeless(task.run), task.outputs, task.env, task.version, task.exclusive]
    causes = {"code": _short(code)}
    if plan.types:
        causes["types"] = _short(plan.types)
    if plan.code and isinstance(task.run, Inline | Entry):
        causes |= _files(plan, task)
    if environment is not None:
        causes["environment"] = _short(environment.pins or environment.packages)
    if task.image is not None:
        causes["image"] = _short(task.image)
    return causes


def _placeless(run: Run) -> Run:
    """The code, wherever in its file it stands."""
    return msgspec.structs.replace(run, file="", line=0) if isinstance(run, Inline) else run


def _files(plan: Plan, task: Task) -> Causes:
    if task.reach is None:
        return {"files": _short(plan.code)}
    if len(task.reach) > FILES_MOST:
        return {"files": _short({path: plan.code[path] for path in task.reach})}
    return {f"file {path}": plan.code[path][:16] for path in task.reach}


def call_causes(common: Causes, args: Mapping[str, Any]) -> Causes:
    """The causes of one call. An artifact counts by its content and name, wherever it lies."""
    return {**common, **{f"input {name}": _short(_contents(value)) for name, value in args.items()}}


def key_of(causes: Causes) -> str:
    """The name under which a result with these causes is kept."""
    return hashlib.sha256(_encode(causes)).hexdigest()


def changed(now: Causes, before: Causes) -> list[str]:
    """Causes that differ, in the order in which they are told: code before inputs."""
    return [name for name in {**now, **before} if now.get(name) != before.get(name)]


def _contents(value: Any) -> Any:
    if isinstance(value, dict):
        about = value.get(_ARTIFACT)
        if len(value) == 1 and isinstance(about, dict):
            program = ["executable"] if about.get("executable") else []
            return {_ARTIFACT: [about.get("sha256"), about.get("name"), about.get("kind"), *program]}
        return {name: _contents(each) for name, each in value.items()}
    return [_contents(each) for each in value] if isinstance(value, list) else value


def _short(value: Any) -> str:
    return hashlib.sha256(_encode(value)).hexdigest()[:16]
