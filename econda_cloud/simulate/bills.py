"""What a vendor would bill for all that its cloud did: metered at its own doors, from when a machine boots to when it is
gone, whoever used it. Nothing here knows how the system books what its attempts have cost.

Amounts are nano-dollars times ms per hour (`NanoMs`), so that nothing is rounded before all is added up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

HOUR_MS = 3_600_000

NanoMs: TypeAlias = Fraction
"""Nano-dollars for an hour, times ms: divided by `HOUR_MS` it is nano-dollars."""


@dataclass(frozen=True)
class Rate:
    """What a vendor asks: nano-dollars per hour of a whole machine or function, and per request."""

    hour: int
    request: int = 0


@dataclass
class Span:
    """An attempt at work, in ms since the epoch; `until_ms` is None while it is."""

    run: str
    instance: str
    attempt: int
    since_ms: int
    until_ms: int | None = None

    @property
    def lasted_ms(self) -> int:
        assert self.until_ms is not None, f"{self.instance} of {self.run} is still at work"
        return self.until_ms - self.since_ms


@dataclass
class Use:
    """An invocation of a function, or a job on an instance, of which it reserves `share`.

    init_ms: how long a function took to start, which is billed. rate: None if nobody knows it.
    """

    offer: str
    chunk: str
    rate: Rate | None
    begun_ms: int
    init_ms: int = 0
    share: Fraction = Fraction(1)
    ended_ms: int | None = None
    spans: list[Span] = field(default_factory=list)

    @property
    def lasted_ms(self) -> int:
        assert self.ended_ms is not None, f"{self.chunk} still runs"
        return self.ended_ms - self.begun_ms

    @property
    def at_work_ms(self) -> int:
        return sum(span.lasted_ms for span in self.spans)


@dataclass
class Instance:
    """A machine of managed batch: paid from when it boots, at the price of that time, until it is gone."""

    offer: str
    rate: Rate | None
    booted_ms: int
    ready_ms: int
    ended_ms: int | None = None
    uses: list[Use] = field(default_factory=list)


@dataclass
class Bill:
    """All that is billed. An unknown price is unknown: what has it is counted in `unknown_ms` and nowhere else."""

    invocations: list[Use] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)

    def total(self) -> NanoMs:
        """What is to be paid."""
        functions = sum(
            use.rate.hour * use.lasted_ms + use.rate.request * HOUR_MS for use in self.invocations if use.rate
        )
        machines = sum(each.rate.hour * _lasted_ms(each) for each in self.instances if each.rate)
        return Fraction(functions + machines)

    def unknown_ms(self) -> int:
        """How long what has no known price was in use."""
        functions = sum(use.lasted_ms for use in self.invocations if use.rate is None)
        return functions + sum(_lasted_ms(each) for each in self.instances if each.rate is None)

    def attempts(self) -> NanoMs:
        """What attempts had reserved while they were at work."""
        return sum((_at_work(use) for use in self.uses() if use.rate), Fraction(0))

    def overhead(self) -> dict[str, NanoMs]:
        """What is paid beyond the work of attempts, and for what.

        cold starts: of functions. boot: of instances. idle: instances without any job, at their end or between two.
        unused: parts of instances that no job reserved, while there were jobs; below zero where jobs fit that reserve
        more than the whole in sum, one most of the cores and one most of the memory. workers: what they do themselves,
        such as claims and reports. requests: of invocations.
        """
        boot = idle = unused = Fraction(0)
        for each in self.instances:
            if each.rate is not None:
                hour, busy = each.rate.hour, _covered_ms(each.uses)
                reserved = sum((use.share * use.lasted_ms for use in each.uses), Fraction(0))
                boot += hour * (each.ready_ms - each.booted_ms)
                idle += hour * (_lasted_ms(each) - (each.ready_ms - each.booted_ms) - busy)
                unused += hour * (busy - reserved)
        workers = cold = requests = Fraction(0)
        for use in self.uses():
            if use.rate is not None:
                workers += use.rate.hour * use.share * (use.lasted_ms - use.init_ms - use.at_work_ms)
                cold += use.rate.hour * use.init_ms
                requests += use.rate.request * HOUR_MS
        return {"boot": boot, "idle": idle, "unused": unused, "workers": workers, "cold starts": cold, "requests": requests}  # fmt: skip

    def uses(self) -> Iterable[Use]:
        yield from self.invocations
        for each in self.instances:
            yield from each.uses


def _at_work(use: Use) -> NanoMs:
    assert use.rate is not None
    return use.rate.hour * use.share * use.at_work_ms


def _lasted_ms(instance: Instance) -> int:
    assert instance.ended_ms is not None, f"a machine of {instance.offer} was never given back"
    return instance.ended_ms - instance.booted_ms


def _covered_ms(uses: list[Use]) -> int:
    """For how long there was any job."""
    covered, until = 0, 0
    for use in sorted(uses, key=lambda use: use.begun_ms):
        assert use.ended_ms is not None
        covered += max(0, use.ended_ms - max(use.begun_ms, until))
        until = max(until, use.ended_ms)
    return covered
