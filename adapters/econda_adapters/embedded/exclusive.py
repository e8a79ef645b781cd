"""Runs of this machine that must not go side by side: `concurrency = exclusive(by = key)` of a pipeline."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from econda_edsl.evaluate import evaluate
from econda_edsl.plan import Plan

from econda_adapters.embedded.holding import locked


@contextlib.contextmanager
def alone(root: Path, plan: Plan, params: Mapping[str, Any], waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the key of a run while the body runs; `waiting` is called once if another run holds it.

    The lock goes with the process, however that ends. Raises `EvaluationError` for a key that has no value.
    """
    if plan.settings.exclusive is None:
        yield
        return
    key = evaluate(plan.settings.exclusive, params)
    name = hashlib.sha256(f"{plan.name}\0{key!r}".encode()).hexdigest()[:32]
    with locked(root / "exclusive" / name, waiting):
        yield
