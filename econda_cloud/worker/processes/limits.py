"""When an attempt is to end before it is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from econda_edsl.plan import FailureKind

TICK_MS = 50
GRACE_MS = 5_000
"""Between SIGTERM and SIGKILL, for an attempt that is to end: time to save what it has."""

_STOP_EVERY_S = 1.0

Stop = Callable[[], bool]


def never() -> bool:
    return False


@dataclass(frozen=True)
class Limit:
    """After `ms` milliseconds the attempt ends with this failure; `grace_ms` after it was told so, it is killed."""

    ms: int
    failure: FailureKind
    message: str
    grace_ms: int = GRACE_MS


def timeout(ms: int) -> Limit:
    """The limit that the task itself sets."""
    return Limit(ms, "timed_out", f"timed out after {ms} ms")


class Limits:
    """Watches over one attempt from now on: the first of some limits, and `stop`, which is asked once a second."""

    def __init__(self, stop: Stop = never, *limits: Limit | None) -> None:
        given = [limit for limit in limits if limit is not None]
        now = time.monotonic()
        self._stop, self._next_stop = stop, now + _STOP_EVERY_S
        self._first = min(given, key=lambda limit: limit.ms) if given else None
        self._end = now + self._first.ms / 1000 if self._first else None
        self.grace_ms = min((limit.grace_ms for limit in given), default=GRACE_MS)

    def tick(self) -> int:
        """Milliseconds to wait before the next look."""
        left = TICK_MS if self._end is None else int((self._end - time.monotonic()) * 1000) + 1
        return max(0, min(TICK_MS, left))

    def over(self) -> dict[str, Any] | None:
        """The failure, when the attempt is to end now."""
        now = time.monotonic()
        if self._first is not None and self._end is not None and now >= self._end:
            return {"failure": self._first.failure, "message": self._first.message}
        if now >= self._next_stop:
            self._next_stop = now + _STOP_EVERY_S
            if self._stop():
                return {"failure": "preempted", "message": "cancelled"}
        return None
