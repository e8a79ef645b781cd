"""Messages that a stack gave up on: shown with their reasons, and sent again once what was wrong is mended."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from econda_adapters.aws.sqs_queue import SqsQueue
from econda_cloud.ports.queue import Message
from econda_cloud.schedule.messages import BROKER

if TYPE_CHECKING:
    from econda_adapters.aws.team import Team

KILLED = "it killed whoever took it, again and again; see the function's log"
_TOKEN = re.compile(r'("(?:token|authorization|secret)"\s*:\s*)"[^"]*"|eyJ[\w-]+\.[\w-]+\.[\w-]*', re.IGNORECASE)


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `id`: a short name that stays the same. source: the queue it came by. run: whose it is, if it tells."""

    id: str
    reason: str
    source: str
    run: str
    body: str
    receipt: str
    grouped: bool

    def shown(self) -> dict[str, str]:
        """All of it that may be seen: tokens are masked."""
        return {"id": self.id, "reason": self.reason, "source": self.source, "run": self.run, "body": masked(self.body)}


def masked(body: str) -> str:
    """A text without what looks like a token."""
    return _TOKEN.sub(lambda found: f'{found[1]}"***"' if found[1] else "***", body)


def dead_letters(team: Team, *, hold_s: int = 5) -> list[DeadLetter]:
    """All of them, hidden from others for so many seconds. Raises botocore's `ClientError`."""
    found: dict[str, DeadLetter] = {}
    for queue, grouped in ((team.dead_letters, False), (team.dead_grouped, True)):
        while messages := queue.receive(visibility_s=hold_s):
            for message in messages:
                letter = _letter(message, grouped)
                found.setdefault(letter.receipt, letter)
    return list(found.values())


def redrive(team: Team, letters: Sequence[DeadLetter]) -> None:
    """Send these to where they came from, and forget them here. Raises `LookupError` for one that tells no way back."""
    for letter in letters:
        queue, group = _way_back(team, letter)
        # A queue with groups takes the same body once in five minutes; JSON may end in as many spaces as it likes.
        again = letter.body + " " * (1 + len(letter.receipt) % 7) if group else letter.body
        queue.send([again], group=group)
        holder = team.dead_grouped if letter.grouped else team.dead_letters
        holder.delete(Message(letter.body, letter.receipt))


def _letter(message: Message, grouped: bool) -> DeadLetter:
    about = _about(message.body)
    return DeadLetter(
        id=_short(message.body),
        reason=message.attributes.get("reason", KILLED),
        source=message.attributes.get("source", ""),
        run=str(about.get("run") or ""),
        body=message.body,
        receipt=message.receipt,
        grouped=grouped,
    )


def _short(body: str) -> str:
    import hashlib

    return hashlib.sha256(body.strip().encode()).hexdigest()[:10]


def _about(body: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _way_back(team: Team, letter: DeadLetter) -> tuple[SqsQueue, str]:
    about = _about(letter.body)
    if about.get("message") == "broker_events":
        return team.broker, BROKER
    if letter.run:
        return team.events, letter.run
    if "requestPayload" in about:
        return team.notices, ""
    if "Records" in about:
        return team.uploads, ""
    raise LookupError(f"{letter.id} is no message of econda: nobody knows where it came from")
