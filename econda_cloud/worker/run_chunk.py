"""Runs a chunk: its items one after another, one report each, whatever any of them does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from econda_cloud.ports.blobs import WorkerBlobs
from econda_cloud.ports.secrets import LocalSecrets, Secrets, SecretUnavailable
from econda_cloud.wire.chunk import Chunk, Report, WorkItem
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded, Item
from econda_cloud.worker.attempts import Attempts, Show, hidden
from econda_cloud.worker.data.artifacts import Keep
from econda_cloud.worker.data.typed_values import BadOutput
from econda_cloud.worker.gateway.client import GatewayAway
from econda_cloud.worker.processes.host_pool import HostPool
from econda_cloud.worker.processes.limits import Limit
from econda_cloud.worker.reports.last_words import with_last_words

MARGIN_MS = 5_000
"""An attempt is stopped so long before its place ends: time for a last checkpoint and its report."""

PLACE_GRACE_MS = 2_000
"""Of that, what is left to the attempt itself after it was asked to end."""

_SHOWN = 4_000


def never(_: Item) -> bool:
    return False


def run_chunk(
    chunk: Chunk,
    *,
    blobs: WorkerBlobs,
    scratch: Path,
    hosts: HostPool,
    clock: Callable[[], int],
    cancelled: Callable[[Item], bool] = never,
    deadline_ms: int | None = None,
    secrets: Secrets | None = None,
    variables: Mapping[str, str] | None = None,
    later: bool = False,
    keep: Keep | None = None,
    show: Show = hidden,
) -> Iterator[Report]:
    """Reports in the order of the items. `clock` gives ms since the epoch; `scratch` keeps logs and fetched files.

    `cancelled` is asked before an item and about once a second while it runs; a cancelled one saves its checkpoint
    and reports `preempted`. At `deadline_ms` (ms since the epoch) the place where this runs ends, as an invocation
    of a function does: what still runs `MARGIN_MS` before is stopped, and what has not begun never is. `later`: other
    chunks ran there before. `variables` are added to the environment of each. `keep` puts files away that attempts made,
    by default into `blobs`; `show` shows what one writes while it runs, by default nowhere.
    """
    place = _Place(clock, deadline_ms, later)
    try:
        attempts = Attempts(
            chunk, blobs, scratch.absolute(), hosts, cancelled, secrets or LocalSecrets(), keep, show, variables or {}
        )
    except Exception as error:
        # A folder that cannot be made, a chunk of another version: nothing of it can be tried.
        yield from _none_began(chunk, clock(), f"{type(error).__name__}: {error}"[:_SHOWN])
        return
    try:
        for index, item in enumerate(chunk.items):
            started = clock()
            answer = _answer(attempts, item, place.limit(index))
            common: dict[str, Any] = {"instance": item.instance, "attempt": item.attempt,
                                      "log": attempts.log, "started_ms": started, "ended_ms": clock()}  # fmt: skip
            if "failure" in answer:
                message = _text(with_last_words(answer, attempts.log))
                yield AttemptFailed(failure=answer["failure"], message=message, **common)
            else:
                yield AttemptSucceeded(outputs=answer["outputs"], **common)
    finally:
        attempts.close()


def _none_began(chunk: Chunk, now: int, message: str) -> Iterator[Report]:
    for item in chunk.items:
        yield AttemptFailed(instance=item.instance, attempt=item.attempt, failure="failed", message=_text(message),
                            started_ms=now, ended_ms=now)  # fmt: skip


def _answer(attempts: Attempts, item: WorkItem, place: Limit | None) -> dict[str, Any]:
    if place is not None and place.ms <= 0:
        return {"failure": "preempted", "message": "the time of its place was over before it began"}
    try:
        return attempts.run(item, place)
    except BadOutput as error:
        return {"failure": "bad_output", "message": str(error)}
    except SecretUnavailable as error:
        return {"failure": "failed", "message": str(error)}
    except GatewayAway as error:
        return {"failure": "preempted", "message": f"no fault of the attempt: {error}"}
    except Exception as error:
        return {"failure": "failed", "message": f"{type(error).__name__}: {error}"[:_SHOWN]}


class _Place:
    """Where a chunk runs: for ever, or until `deadline_ms`."""

    def __init__(self, clock: Callable[[], int], deadline_ms: int | None, later: bool) -> None:
        self._clock, self._begun, self._deadline, self._later = clock, clock(), deadline_ms, later

    def limit(self, index: int) -> Limit | None:
        """What is left for the item of this index. Only the first one had all the time that there is."""
        if self._deadline is None:
            return None
        left = self._deadline - MARGIN_MS - self._clock()
        if index > 0 or self._later:
            return Limit(left, "preempted", "the time of its place was over before it was done", PLACE_GRACE_MS)
        seconds = (self._deadline - self._begun) / 1000
        advice = "a `timeout` above it, or `time` of its `needs`, asks for a pool without it"
        return Limit(left, "timed_out", f"the pool's limit of {seconds:.0f} s was reached; {advice}", PLACE_GRACE_MS)


def _text(message: str) -> str:
    """Without lone surrogates, which JSON cannot carry."""
    return message.encode("utf-8", "replace").decode()
