"""Instance names: `pipeline/tried[7]/fit` says where in a plan's expansion a call stands."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

Segment: TypeAlias = tuple[str, int | None]

_SEGMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)(?:\[(\d+)\])?\Z")
ENVIRONMENT = "environment"


@lru_cache(maxsize=8_192)
def parse_instance(instance: str) -> tuple[Segment, ...] | None:
    """Segments below the pipeline's name, or None if this is no instance name."""
    segments: list[Segment] = []
    for part in instance.split("/")[1:]:
        found = _SEGMENT.match(part)
        if not found:
            return None
        segments.append((found[1], int(found[2]) if found[2] is not None else None))
    return tuple(segments)


def step_path(instance: str) -> str:
    """The step of a plan that an instance is of: its name without the places in fans and rounds."""
    return re.sub(r"\[\d+\]", "", instance)


def handler_segment(handler: str) -> str:
    return f"on_{handler}"


def instance_prefix(pipeline: str, handler: str) -> str:
    """What the names of instances begin with: the pipeline, and below it the handler if one runs."""
    return f"{pipeline}/{handler_segment(handler)}" if handler else pipeline


def environment_instance(pipeline: str, key: str) -> str:
    """The instance that builds an environment of a plan."""
    return f"{pipeline}/{ENVIRONMENT}/{key}"


def environment_key(instance: str) -> str | None:
    """The environment that this instance builds, or None if it is an ordinary one."""
    parts = instance.split("/")
    return parts[2] if len(parts) == 3 and parts[1] == ENVIRONMENT else None
