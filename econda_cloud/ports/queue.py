"""Queues: messages kept until somebody has dealt with them, delivered at least once.

A standard queue delivers in any order, and later if told so. A grouped one (FIFO) delivers the messages of a group in
their order, and none of them while another one of that group is in somebody's hands.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

DELAY_MOST_S = 900
"""Longest delay of a message in seconds: what SQS takes."""


@dataclass(frozen=True)
class Message:
    """A message in hand. `receipt` is what `delete` needs; `attributes` are short texts beside the body."""

    body: str
    receipt: str
    attributes: Mapping[str, str] = field(default_factory=dict)


class Queue(Protocol):
    def send(
        self,
        bodies: Sequence[str],
        *,
        delay_s: int = 0,
        attributes: Mapping[str, str] | None = None,
        group: str = "",
    ) -> None:
        """Send all of these, visible after `delay_s` seconds (at most DELAY_MOST_S).

        `group` is for grouped queues, which know no delays, and where the same body sent twice within five minutes
        may arrive once.
        """
        ...

    def send_grouped(self, messages: Sequence[tuple[str, str]]) -> None:
        """Send bodies of several groups: (group, body) each."""
        ...

    def receive(self, *, visibility_s: int = 30) -> list[Message]:
        """Some messages that are there, hidden from others for a while; empty if there are none."""
        ...

    def delete(self, message: Message) -> None: ...


class MemoryQueue:
    """The in-memory twin."""

    def __init__(self) -> None:
        self._sent = 0
        self._messages: dict[str, tuple[float, str, Mapping[str, str]]] = {}
        self._groups: dict[str, str] = {}

    def send(
        self,
        bodies: Sequence[str],
        *,
        delay_s: int = 0,
        attributes: Mapping[str, str] | None = None,
        group: str = "",
    ) -> None:
        for body in bodies:
            self._sent += 1
            self._messages[str(self._sent)] = (time.monotonic() + delay_s, body, dict(attributes or {}))
            self._groups[str(self._sent)] = group

    def send_grouped(self, messages: Sequence[tuple[str, str]]) -> None:
        for group, body in messages:
            self.send([body], group=group)

    def receive(self, *, visibility_s: int = 30) -> list[Message]:
        now = time.monotonic()
        found = []
        # Taken before anything is handed out, so that one batch may hold several of a group, in their order.
        held = {self._groups[r] for r, (visible, _, _) in self._messages.items() if visible > now} - {""}
        for receipt, (visible, body, attributes) in self._messages.items():
            if visible <= now and len(found) < 10 and self._groups[receipt] not in held:
                self._messages[receipt] = (now + visibility_s, body, attributes)
                found.append(Message(body, receipt, attributes))
        return found

    def delete(self, message: Message) -> None:
        self._messages.pop(message.receipt, None)
        self._groups.pop(message.receipt, None)
