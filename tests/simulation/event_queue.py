"""The queue of events, as SQS may treat it: at least once, in any order, late, and again if nobody deletes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.simulation.agenda import Agenda
from tests.simulation.chance import Chance

VISIBILITY_MS, RETRY_MS, LATE_MS = 60_000, 2_000, 120_000
BATCH_MOST = 10


@dataclass
class Delivered:
    """A message in the hands of a scheduler; `receives` counts this delivery too."""

    body: str
    receives: int = 0
    deleted: bool = False


class EventQueue:
    """`deliver` is called with a batch and returns the messages that it has dealt with, or None if it died."""

    def __init__(
        self, agenda: Agenda, chance: Chance, deliver: Callable[[list[Delivered]], list[Delivered] | None]
    ) -> None:
        self._agenda, self._chance, self._deliver = agenda, chance, deliver
        self._ready: list[Delivered] = []

    def send(self, body: str, delay_ms: int = 0) -> None:
        message = Delivered(body)
        self._show(message, delay_ms + self._lateness())
        if self._chance.hits("duplicate"):
            self._show(message, delay_ms + self._chance.between("queue", 0, LATE_MS))

    def _lateness(self) -> int:
        if self._chance.hits("delay"):
            return self._chance.between("queue", 0, LATE_MS)
        return self._chance.between("queue", 1, 40)

    def _show(self, message: Delivered, delay_ms: int) -> None:
        self._agenda.after(delay_ms, "a message is there", lambda: self._shown(message))

    def _shown(self, message: Delivered) -> None:
        if not message.deleted:
            self._ready.append(message)
            self.poll()

    def poll(self) -> None:
        """Hand a random batch of what is there to a scheduler."""
        ready = [message for message in self._ready if not message.deleted]
        if not ready:
            return
        size = min(len(ready), self._chance.between("batch", 1, BATCH_MOST))
        batch = list({id(each): each for each in self._chance.stream("batch").sample(ready, size)}.values())
        self._ready = [message for message in ready if message not in batch]
        for message in batch:
            message.receives += 1
        done = self._deliver(batch)
        for message in batch:
            self._settle(message, done)
        if self._ready:
            self._agenda.after(5, "messages are still there", self.poll)

    def _settle(self, message: Delivered, done: Sequence[Delivered] | None) -> None:
        if done is None:
            self._show(message, VISIBILITY_MS)
        elif not any(message is each for each in done):
            self._show(message, RETRY_MS * message.receives)
        elif self._chance.hits("drop"):
            self._show(message, VISIBILITY_MS)
        else:
            message.deleted = True
