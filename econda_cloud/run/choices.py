"""Where choices come from: made now and written down, or read from the record that holds them.

Deciding and folding walk the same way through the engine. Whatever a later version might choose otherwise is asked for
here, so folding a record gives the state that its writer had, whatever has become of constants, prices and policies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from econda_cloud.wire.entries import AnyDecision

TDecision = TypeVar("TDecision")


class Unfoldable(ValueError):
    """A record does not fit the state that it is folded into: the log was damaged, or the plan is another one."""


class Choices(Protocol):
    def make(self, kind: type[TDecision], choose: Callable[[], TDecision]) -> TDecision:
        """The next choice, which is of this kind."""
        ...

    def rest(self, plan: Callable[[], Iterable[AnyDecision]]) -> Iterator[AnyDecision]:
        """The choices that come after all events, each taken before the next is made."""
        ...


class Making:
    """Choices made now; `made` are all so far."""

    def __init__(self) -> None:
        self.made: list[AnyDecision] = []

    def make(self, kind: type[TDecision], choose: Callable[[], TDecision]) -> TDecision:
        del kind
        made = choose()
        self.made.append(made)  # type: ignore[arg-type]
        return made

    def rest(self, plan: Callable[[], Iterable[AnyDecision]]) -> Iterator[AnyDecision]:
        for made in plan():
            self.made.append(made)
            yield made


class Reading:
    """The choices of a record, in their order."""

    def __init__(self, decisions: Iterable[AnyDecision]) -> None:
        self._left = iter(decisions)

    def make(self, kind: type[TDecision], choose: Callable[[], TDecision]) -> TDecision:
        del choose
        found = next(self._left, None)
        if type(found) is not kind:
            raise Unfoldable(f"the record tells {found!r:.200} where {kind.__name__} is due")
        return found

    def rest(self, plan: Callable[[], Iterable[AnyDecision]]) -> Iterator[AnyDecision]:
        del plan
        yield from self._left

    def left(self) -> AnyDecision | None:
        """A decision that nothing has asked for, if there is one."""
        return next(self._left, None)
