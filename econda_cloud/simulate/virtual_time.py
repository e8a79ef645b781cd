"""Virtual time for code that does not know of it: whoever waits lets others go on, and the clock moves by waits alone.

Ordinary blocking code runs in greenlets. Between two waits a task uses the processor: what it has used, measured, is
charged to its own time, so that many tasks side by side are as fast as so many machines of one core each.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class VirtualTime:
    """`now` in ms since the epoch. `cpu`: virtual ms charged for each ms of the processor; 0 charges none."""

    def __init__(self, now: float = 1_750_000_000_000.0, cpu: float = 1.0) -> None:
        self.now, self._cpu = now, cpu
        self._due: list[tuple[float, int, greenlet]] = []
        self._order = itertools.count()
        self._hub = getcurrent()
        self._since = 0.0
        self.used_ms = 0.0

    def clock(self) -> int:
        return int(self.now)

    def after(self, ms: float, action: Callable[[], Any]) -> None:
        """Begin an action as a task of its own."""
        task = greenlet(lambda: action(), parent=self._hub)
        heapq.heappush(self._due, (self.now + ms, next(self._order), task))

    def wait(self, ms: float) -> None:
        """Let so much time pass for the task that calls."""
        heapq.heappush(self._due, (self.now + ms + self._charged(), next(self._order), getcurrent()))
        self._hub.switch()

    def side_by_side(self, ask: Callable[[Item], Answer], items: Iterable[Item], at_once: int = 16) -> list[Answer]:
        """The answers in order, so many being asked at once. Raises what the first to fail raises."""
        items = list(items)
        if len(items) < 2:
            return [ask(item) for item in items]
        answers: list[Any] = [None] * len(items)
        errors: list[BaseException] = []
        left, waiting, me = iter(range(len(items))), [min(at_once, len(items))], getcurrent()

        def work() -> None:
            for position in left:
                try:
                    answers[position] = ask(items[position])
                except Exception as error:
                    errors.append(error)
            waiting[0] -= 1
            if not waiting[0]:
                heapq.heappush(self._due, (self.now + self._charged(), next(self._order), me))

        charged = self._charged()
        for _ in range(waiting[0]):
            self.after(charged, work)
        self._hub.switch()
        if errors:
            raise errors[0]
        return answers

    def run(self, until: Callable[[], bool]) -> None:
        """Let tasks go on until this holds or nothing is due."""
        while self._due and not until():
            at, _, task = heapq.heappop(self._due)
            self.now = max(self.now, at)
            self._since = time.thread_time()
            task.switch()

    def _charged(self) -> float:
        """What the task that runs has used of the processor since it was let go on, in virtual ms."""
        used = (time.thread_time() - self._since) * 1000
        self.used_ms += used
        return used * self._cpu
