"""Messages that nobody can deal with, and a run whose steps raise: each may harm nothing but itself."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from econda_cloud.schedule.messages import LARGEST
from econda_cloud.wire.broken import Broken
from econda_cloud.wire.events import AttemptSucceeded

if TYPE_CHECKING:
    from econda_cloud.schedule.run_history import RunHistory
    from tests.simulation.line import Line

LATEST_MS = 200_000
RAISES_ONE_IN = 3


class Poisoned(RuntimeError):
    """What deciding on an event raises."""


def poison(line: Line, run: str) -> None:
    """Nonsense comes by all queues now and then, some of it in the group of a run."""
    bodies = [
        "no JSON at all",
        '{"message": "run_events", "run": ',
        json.dumps({"message": "dreamt", "run": run}),
        json.dumps({"message": "run_events", "run": run, "events": [{"event": "attempt_succeeded", "instance": 7}]}),
        json.dumps({"message": "deposited", "key": "messages/gone.json", "run": run, "size": 300_000}),
        json.dumps({"message": "deposited", "key": "messages/gone.json", "run": run, "size": LARGEST + 1}),
        json.dumps({"message": "run_events", "run": "ghost", "events": [{"event": "timer_fired"}]}),
        "[" * 5_000,
    ]
    for number, body in enumerate(bodies):
        # Each a message of its own, or the queue would take it for one that it has already.
        body += " " * (number + 1)
        after = line.chance.between("poison", 0, LATEST_MS)
        queue = line.chance.stream("poison").choice(["events", "broker", "notices"])
        line.poison.add(body)
        line.agenda.after(
            after, f"poison in {queue}", lambda body=body, queue=queue: line.cloud.send(queue, body, 0, run)
        )


def raise_at_times(history: RunHistory, run: str) -> None:
    """Deciding on the successes of some instances of this run raises, whoever tries it and however often."""
    fold: Any = history._run_fold
    right = type(fold).decide

    def decide(state: Any, events: Any, *given: Any) -> Any:
        for event in events:
            if (
                isinstance(event, AttemptSucceeded)
                and zlib.crc32(f"{run} {event.instance}".encode()) % RAISES_ONE_IN == 0
            ):
                raise Poisoned(event.instance)
        return right(fold, state, events, *given)

    fold.decide = decide


def check_buried(line: Line) -> None:
    """All that was poison is buried with a reason, and nothing else but words for a run that had not begun."""
    if left := [body for body in line.poison if not line.buried.get(body)]:
        raise Broken(f"{left[0][:100]!r} was never buried")
    for body, reason in line.buried.items():
        if body not in line.poison and "there is no run" not in reason:
            raise Broken(f"{body[:200]} was buried: {reason}")
