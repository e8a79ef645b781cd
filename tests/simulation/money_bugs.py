"""Bugs of what is booked, each of which the bill must show."""

from __future__ import annotations

from typing import Any

from econda_cloud.run import booking, endings, placing
from econda_cloud.run.state import Chunk
from tests.simulation.planting import Bug, nothing


def _paid_twice(right: Any) -> Any:
    def book(work: Any, *given: Any, **more: Any) -> None:
        before = work.state.spent
        right(work, *given, **more)
        work.state.spent += work.state.spent - before

    return book


def _never_paid(right: Any) -> Any:
    def book(work: Any, *given: Any, **more: Any) -> None:
        before = work.state.spent
        right(work, *given, **more)
        work.state.spent = before

    return book


def _known_job_only(right: Any) -> Any:
    del right
    return lambda work, name, event: endings._of_another(work, name, event.handle)


def _another_request(right: Any) -> Any:
    del right
    return lambda *given, **_: given[1].price


def _when_placed(right: Any) -> Any:
    """As if an attempt had begun when it was placed."""

    def book(work: Any, item: Any, name: str, started_ms: int, ended_ms: int, **more: Any) -> None:
        chunk = work.state.chunks.get(name)
        right(work, item, name, chunk.placed_ms if chunk is not None and started_ms else started_ms, ended_ms, **more)

    return book


def _since_given_up(right: Any) -> Any:
    return lambda work, found, *ends: right(work, found, 0, ends[1])


MONEY_BUGS = (
    Bug("an attempt is paid twice", booking, "book", _paid_twice),
    Bug("no attempt is paid", booking, "book", _never_paid),
    Bug("lost attempts are free", booking, "held_since", nothing(None)),
    Bug("what outlives its grace is free", booking, "_book_rest", nothing()),
    Bug("what outlives its grace is booked since it was given up", booking, "_book_rest", _since_given_up),
    Bug("an attempt is booked since it was placed", booking, "book", _when_placed),
    Bug("who has the claim is not heard if another job is known", endings, "_not_heard", _known_job_only),
    Bug("what is never heard of may last for ever", Chunk, "held_until", lambda _: lambda *given: given[2]),
    Bug("each link of a chain pays for a request", placing, "_price", _another_request),
)
