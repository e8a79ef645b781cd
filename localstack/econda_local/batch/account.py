"""Everything one endpoint keeps, handed to each operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from econda_local.batch.engine import Engine
from econda_local.batch.model import Definition
from econda_local.batch.names import Place


@dataclass(slots=True)
class Account:
    """State, plus the clock (milliseconds since the epoch) and the source of new ids, so that operations are pure.

    `shortest_timeout` is the smallest `attemptDurationSeconds` taken; AWS takes no less than 60.
    """

    place: Place
    now: Callable[[], int]
    new_id: Callable[[], str]
    shortest_timeout: int = 60
    engine: Engine = field(default_factory=Engine)
    definitions: dict[str, list[Definition]] = field(default_factory=dict)
