"""Queues: messages kept until somebody has dealt with them; delivered at least once and in any order."""

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
    def send(self, bodies: Sequence[str], *, delay_s: int = 0, attributes: Mapping[str, str] | None = None) -> None:
        """Send all of these, visible after `delay_s` seconds (at most DELAY_MOST_S)."""
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

    def send(self, bodies: Sequence[str], *, delay_s: int = 0, attributes: Mapping[str, str] | None = None) -> None:
        for body in bodies:
            self._sent += 1
            self._messages[str(self._sent)] = (time.monotonic() + delay_s, body, dict(attributes or {}))

    def receive(self, *, visibility_s: int = 30) -> list[Message]:
        now = time.monotonic()
        found = []
        for receipt, (visible, body, attributes) in self._messages.items():
            if visible <= now and len(found) < 10:
                self._messages[receipt] = (now + visibility_s, body, attributes)
                found.append(Message(body, receipt, attributes))
        return found

    def delete(self, message: Message) -> None:
        self._messages.pop(message.receipt, None)
