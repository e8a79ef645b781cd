"""Virtual time: what happens next, and nothing else moves the clock."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable

from econda_cloud.simulate.chance import Chance

STORY_KEPT = 400
START_MS = 1_750_000_000_000


class Stuck(AssertionError):
    """A world that goes on without coming to an end."""


class Agenda:
    """Actions by the time they are due; those of one moment in random order."""

    def __init__(self, chance: Chance, most_turns: int) -> None:
        self.now, self.turns = START_MS, 0
        self._most, self._chance, self._added = most_turns, chance, 0
        self._due: list[tuple[int, float, int, str, Callable[[], None]]] = []
        self.story: deque[str] = deque(maxlen=STORY_KEPT)

    def after(self, ms: int, name: str, action: Callable[[], None]) -> None:
        self._added += 1
        tie = self._chance.stream("order").random()
        heapq.heappush(self._due, (self.now + max(0, ms), tie, self._added, name, action))

    @property
    def next_ms(self) -> int | None:
        """When the next action is due, in ms; None if there is none."""
        return self._due[0][0] if self._due else None

    def turn(self) -> None:
        """Let time pass to the next action and do it. Raises `Stuck` if that never ends."""
        self.turns += 1
        if self.turns > self._most:
            raise Stuck(f"after {self._most} turns the world has not come to rest; next: {self._due[0][3]}")
        at, _, _, name, action = heapq.heappop(self._due)
        self.now = max(self.now, at)
        self.tell(name)
        action()

    def tell(self, line: str) -> None:
        self.story.append(f"{(self.now - START_MS) / 1000:10.3f}s  {line}")
