"""Artifacts in values: the marks that stand for files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def artifacts_in(value: Any) -> Iterator[dict[str, Any]]:
    """What every artifact in a value is about, however deep; nothing where the mark of one stands on something else."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if "$artifact" in each:
                about = each["$artifact"]
                yield about if len(each) == 1 and isinstance(about, dict) else {}
            else:
                waiting.extend(each.values())
        elif isinstance(each, (list, tuple)):
            waiting.extend(each)
