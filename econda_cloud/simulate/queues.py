"""Queues as SQS may treat them: at least once, late, and again if nobody deletes; in any order, or in that of groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from econda_cloud.simulate.agenda import Agenda
from econda_cloud.simulate.chance import Chance

VISIBILITY_MS, RETRY_MS, RETRY_MOST_MS, LATE_MS = 60_000, 2_000, 300_000, 120_000
BATCH_MOST = 10
DEDUPLICATED_MS = 300_000
"""A queue with groups takes the same body once in so long."""


@dataclass
class Delivered:
    """A message in somebody's hands; `receives` counts this delivery too."""

    body: str
    group: str = ""
    receives: int = 0
    deleted: bool = False


Deliver = Callable[[list[Delivered]], "list[Delivered] | None"]
"""Takes a batch; the messages that were dealt with, or None if who took them died."""


class StandardQueue:
    """Delivers in any order."""

    def __init__(self, agenda: Agenda, chance: Chance, deliver: Deliver) -> None:
        self._agenda, self._chance, self._deliver = agenda, chance, deliver
        self._ready: list[Delivered] = []

    def send(self, body: str, delay_ms: int = 0) -> None:
        message = Delivered(body)
        self._show(message, delay_ms + _lateness(self._chance))
        if self._chance.hits("duplicate"):
            self._show(message, delay_ms + self._chance.between("queue", 0, LATE_MS))

    def _show(self, message: Delivered, delay_ms: int) -> None:
        self._agenda.after(delay_ms, "a message is there", lambda: self._shown(message))

    def _shown(self, message: Delivered) -> None:
        if not message.deleted:
            self._ready.append(message)
            self.poll()

    def poll(self) -> None:
        """Hand a random batch of what is there to somebody."""
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
            self._show(message, _retry_ms(message))
        elif self._chance.hits("drop"):
            self._show(message, VISIBILITY_MS)
        else:
            message.deleted = True


class GroupedQueue:
    """Delivers the messages of a group in their order, and none while another one of the group is in hand."""

    def __init__(self, agenda: Agenda, chance: Chance, deliver: Deliver) -> None:
        self._agenda, self._chance, self._deliver = agenda, chance, deliver
        self._groups: dict[str, list[Delivered]] = {}
        self._shown_ms: dict[str, int] = {}
        self._hidden: dict[str, int] = {}
        self._sent_ms: dict[tuple[str, str], int] = {}
        self.longest = 0

    def send(self, group: str, body: str) -> None:
        now = self._agenda.now
        if now - self._sent_ms.get((group, body), -DEDUPLICATED_MS) < DEDUPLICATED_MS:
            return
        self._sent_ms[group, body] = now
        # Late or not, what was sent before is there before.
        shown = max(now + _lateness(self._chance), self._shown_ms.get(group, 0) + 1)
        self._shown_ms[group] = shown
        message = Delivered(body, group)
        self._agenda.after(shown - now, f"a message of {group} is there", lambda: self._add(message))

    def _add(self, message: Delivered) -> None:
        waiting = self._groups.setdefault(message.group, [])
        waiting.append(message)
        self.longest = max(self.longest, len(waiting))
        self.poll(message.group)

    def poll(self, group: str) -> None:
        """Hand what is there of a group to somebody, unless it is in hand or hidden."""
        waiting = self._groups.get(group)
        if not waiting or self._hidden.get(group, 0) > self._agenda.now:
            return
        batch = waiting[: self._chance.between("batch", 1, BATCH_MOST)]
        for message in batch:
            message.receives += 1
        # It is in hand while it is dealt with, and time may pass then.
        self._hidden[group] = self._agenda.now + VISIBILITY_MS
        done = self._deliver(batch)
        self._settle(group, batch, done)

    def _settle(self, group: str, batch: list[Delivered], done: Sequence[Delivered] | None) -> None:
        if done is None:
            self._hide(group, VISIBILITY_MS)
            return
        if self._chance.hits("drop"):
            self._hide(group, VISIBILITY_MS)
            return
        left = [message for message in batch if not any(message is each for each in done)]
        waiting = self._groups[group]
        first = waiting.index(left[0]) if left else len(batch)
        del waiting[:first]
        if not waiting:
            del self._groups[group]
        self._hide(group, _retry_ms(left[0]) if left else 0)

    def _hide(self, group: str, ms: int) -> None:
        self._hidden[group] = self._agenda.now + ms
        if group in self._groups:
            self._agenda.after(ms + 1, f"messages of {group} are still there", lambda: self.poll(group))


def _lateness(chance: Chance) -> int:
    return chance.between("queue", 0, LATE_MS) if chance.hits("delay") else chance.between("queue", 1, 40)


def _retry_ms(message: Delivered) -> int:
    return min(RETRY_MOST_MS, RETRY_MS * 2 ** min(message.receives - 1, 10))
