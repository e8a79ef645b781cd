"""What the logs attribute, record by record, held against what attempts were seen at work (see `balance` for the end).

Whose end was reported is booked to the millisecond. Of whom nobody told, no less is booked than it was at work until it was
given up, and no more than it may have held its place; clocks that differ are allowed for. All prices are worked out here
anew, from what the vendor asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from econda_cloud.run.state import Chunk, RunState
from econda_cloud.simulate.bills import HOUR_MS, Rate, Span, Use
from econda_cloud.wire.broken import Broken
from econda_cloud.wire.entries import Booked, Entry, Placed
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded, ChunkLost, ChunkRefused, Item, RunBroken
from tests.simulation.cloud import FUNCTION, FUNCTION_LIMIT_MS
from tests.simulation.jobs import MACHINE, Shape

Word = AttemptSucceeded | AttemptFailed
Words = dict[Item, list[Word]]
ROUNDED_UP = 2
"""Nano-dollars that a booking is too much at most: time and its part of a request are each rounded up."""


@dataclass
class Held:
    """A chunk that holds capacity; `hour`: what one of its attempts pays by the hour, `request`: for its handing over."""

    name: str
    chunk: Chunk
    hour: int
    request: int
    items: set[Item]
    placed_ms: int

    def exactly(self, ms: int) -> int:
        return -(-self.hour * ms // HOUR_MS) + self.request


@dataclass
class GivenUp:
    """An attempt of which nobody told, booked until then, or until its pool says that it ended. `heard`: it told later."""

    held: Held
    from_ms: int
    until_ms: int
    heard: bool = False


@dataclass
class Tally:
    """Nano-dollars by how they came to be booked, and how often; `prices`: what the vendor asks more for the very same."""

    requests: int = 0
    untold: int = 0
    bookings: int = 0
    prices: Fraction = Fraction(0)


@dataclass
class Accounts:
    """Of all runs of a world. `rates`: all that the vendor has asked for an offer so far; skew_ms: clocks differ so much.
    may_wait, may_vanish: whether something has gone wrong of which nobody can know, in the world or in a function, so that
    a chunk is missed only when its lease is over.
    """

    clock: Callable[[], int]
    rates: dict[str, set[Rate]]
    skew_ms: int
    may_wait: bool
    may_vanish: bool
    spans: dict[tuple[str, Item], list[tuple[Span, Use]]] = field(default_factory=dict)
    held: dict[str, dict[str, Held]] = field(default_factory=dict)
    given_up: dict[tuple[str, Item], GivenUp] = field(default_factory=dict)
    stop_by_ms: dict[str, int] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)
    exact: set[int] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)

    def began(self, span: Span, use: Use) -> None:
        self.spans.setdefault((span.run, (span.instance, span.attempt)), []).append((span, use))

    def recorded(self, run: str, entry: Entry, state: RunState) -> None:
        """A record was appended, after which this is the state. Raises `Broken` if it books anything wrong."""
        held = self.held.setdefault(run, {})
        booked = [decision.nanos for decision in entry.decisions if isinstance(decision, Booked)]
        words: Words = {}
        for event in entry.events:
            if isinstance(event, AttemptSucceeded | AttemptFailed):
                words.setdefault((event.instance, event.attempt), []).append(event)
        if booked:
            self._check(run, entry, state, booked, words)
        if unheard := [item for item in words if any(item in each.items for each in held.values())]:
            raise Broken(f"{unheard} of {run} told of their ends, and nothing is booked")
        for decision in entry.decisions:
            if isinstance(decision, Placed) and (chunk := state.chunks.get(decision.chunk)) is not None:
                held[decision.chunk] = self._held(decision.chunk, chunk)
        self.stop_by_ms[run] = state.stop_by_ms

    def _held(self, name: str, chunk: Chunk) -> Held:
        """A chunk as it was placed, at a price that the vendor has asked for what it reserves."""
        needs = Shape(chunk.cpu_milli, chunk.memory, chunk.gpu)
        share = Fraction(1) if chunk.offer == FUNCTION else needs.share_of(MACHINE)
        hour, request = chunk.price.per_hour, chunk.price.per_request
        right = {
            (-(-rate.hour * share.numerator // share.denominator), 0 if chunk.here else rate.request)
            for rate in self.rates[chunk.offer]
        }
        if (hour, request) not in right or not chunk.price.known:
            raise Broken(f"{chunk.open[0]} pays {chunk.price}, the vendor asks {sorted(right)} of {chunk.offer}")
        return Held(name, chunk, hour, -(-request // len(chunk.order)), set(chunk.open), chunk.placed_ms)

    def _check(self, run: str, entry: Entry, state: RunState, booked: list[int | None], words: Words) -> None:
        least = most = gone = exactly = 0
        vague = False
        for name, held in list(self.held[run].items()):
            chunk = state.chunks.get(name)
            left = held.items - set(chunk.open) if chunk is not None else held.items
            if not left:
                continue
            gone += len(left)
            held.items = held.items - left
            if chunk is None:
                del self.held[run][name]
            others = self._other_causes(run, held, entry, state)
            silent = [item for item in left if others or item not in words]
            for item in left:
                if item not in silent:
                    exactly += self._reported(run, item, held, words[item])
            excused = self.may_wait or (self.may_vanish and held.chunk.offer == FUNCTION)
            if silent and not excused and held.chunk.until_ms <= state.now:
                raise Broken(f"{silent} of {run} were missed only when the lease of {name} was over")
            if silent:
                low, high = self._silent(run, silent, held, entry, state)
                least, most, vague = least + low, most + high, True
        for item, said in words.items():
            if (run, item) in self.given_up and not self.given_up[run, item].heard:
                low, high = self._outlived(run, item, said)
                least, most, vague = least + low, most + high, True
        for event in entry.events:
            if isinstance(event, ChunkLost) and event.ended_ms:
                most, vague = most + self._rest_of_jobs(run, event), True
        total = sum(nanos or 0 for nanos in booked)
        rest = total - exactly
        if len(booked) < gone or None in booked or not least <= rest <= most + ROUNDED_UP * len(booked) * vague:
            raise Broken(
                f"record {state.seq} of {run} books {booked} for {gone} attempts, but {exactly} is for those that told, "
                f"and {least} to {most} for others"
            )
        self.tally.bookings += len(booked)
        self.tally.untold += rest

    def _reported(self, run: str, item: Item, held: Held, words: list[Word]) -> int:
        """What an attempt has cost that told of its own end."""
        lasted = words[0].ended_ms - words[0].started_ms
        found = [(span, use) for span, use in self.spans.get((run, item), ()) if span.until_ms is not None and span.lasted_ms == lasted]  # fmt: skip
        if lasted and not found:
            raise Broken(f"{item} of {run} says that it was at work for {lasted} ms, which it never was")
        for span, use in found[:1]:
            self.told.add(id(span))
            self.exact.add(id(span))
            assert use.rate is not None
            self.tally.prices += (use.rate.hour * use.share - held.hour) * lasted
        self.tally.requests += held.request
        return held.exactly(lasted)

    def _silent(self, run: str, items: list[Item], held: Held, entry: Entry, state: RunState) -> tuple[int, int]:
        """The least and the most that attempts may have cost of which nobody told."""
        refused = any(isinstance(event, ChunkRefused) for event in entry.events)
        ended = [event.ended_ms for event in entry.events if isinstance(event, ChunkLost) and event.ended_ms]
        longest = max(0, state.now - held.placed_ms) + 2 * self.skew_ms
        if held.chunk.offer == FUNCTION:
            longest = min(longest, FUNCTION_LIMIT_MS)
        turns, least = len(items) if held.chunk.array else 1, 0
        for item in items:
            self.given_up[run, item] = GivenUp(held, 0 if refused else min([state.now, *ended]), state.now)
            until = min(self.clock(), state.now) - 2 * self.skew_ms
            lasted = (min(span.until_ms or until, until) - span.since_ms for span, _ in self.spans.get((run, item), ()))
            least += max([0, *lasted])
        most = turns * held.exactly(longest) + len(items) * held.request
        return held.hour * (0 if refused else least) // HOUR_MS, most

    def _outlived(self, run: str, item: Item, words: list[Word]) -> tuple[int, int]:
        """The least and the most for the rest of an attempt that was given up and told of its end later on."""
        given = self.given_up[run, item]
        given.heard = True
        ends = [(word.started_ms, word.ended_ms) for word in words]
        for span, _ in self.spans.get((run, item), ()):
            if span.until_ms is not None and span.lasted_ms in {ended - started for started, ended in ends}:
                self.told.add(id(span))
        least = min(max(0, ended - max(given.until_ms, started)) for started, ended in ends)
        most = max(max(0, ended - max(given.from_ms, started)) for started, ended in ends)
        return given.held.hour * least // HOUR_MS, -(-given.held.hour * most // HOUR_MS)

    def _rest_of_jobs(self, run: str, event: ChunkLost) -> int:
        """The most for what a job did after its attempts were given up, now that its pool tells when it ended."""
        most = 0
        for (of, _), given in self.given_up.items():
            if of == run and given.held.name == event.chunk and event.claimed:
                rest = max(0, event.ended_ms - max(given.from_ms, event.started_ms))
                most -= -given.held.hour * rest // HOUR_MS
                given.until_ms = max(given.until_ms, event.ended_ms)
        return most

    def _other_causes(self, run: str, held: Held, entry: Entry, state: RunState) -> bool:
        """Whether attempts of the chunk may be given up in this record."""
        stop_by_ms = self.stop_by_ms.get(run, 0)
        over = held.chunk.until_ms <= state.now or (stop_by_ms and stop_by_ms <= state.now)
        return bool(over) or any(isinstance(event, ChunkLost | ChunkRefused | RunBroken) for event in entry.events)
