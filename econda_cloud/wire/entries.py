"""A record of a run's log: what came in and what was decided, so that folding it decides nothing.

Every choice that a later version might make otherwise stands here: waits, prices, placements, ends, how much of a fan
was begun. What follows from plan and results by the meaning of the language is computed when the log is folded: a plan
carries the version of its language, and never changes.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from econda_cloud.wire.events import AnyEvent, Item
from econda_cloud.wire.outcome import Outcome

ENGINE_VERSION = 5
OLDEST_READ = 2

TRUE_TO_THE_END = 3
"""From this version on, all that was given up is booked for what it does later, who goes on pays for no request, and who has
the claim of a chunk is heard whichever job the chunk was accepted as."""

SHARES_RESULTS = 4
"""From this version on, one of several equal calls whose results are kept is tried, and the others wait for it."""

KEEPS_RANGES = 5
"""From this version on, an input that is computed in the run must lie in its range."""


SAYS_BRANCHES = 5
"""From this version on, what is skipped says which branch was taken instead, and a run may hear that it was published."""


class Decision(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True, tag_field="decision"):
    """Base of all decisions of a run. Written as arrays: there is about one for each event."""


class Retry(Decision, frozen=True, tag="retry"):
    """What becomes of a call whose attempt has failed: the next attempt after `wait_ms`, or none if that is None."""

    wait_ms: int | None
    message: str = ""


class Joined(Decision, frozen=True, tag="joined"):
    """The call `instance`, for which no result was found, waits for the equal call `leader`; if that is empty, it is tried."""

    instance: str
    leader: str


class Booked(Decision, frozen=True, tag="booked"):
    """What an attempt has cost in nano-dollars; None if its price is unknown."""

    nanos: int | None


class Begun(Decision, frozen=True, tag="begun"):
    """How many members of a fan begin now."""

    members: int


class Ending(Decision, frozen=True, tag="ending"):
    """How the run, or the handler that runs, ends; what is still at work is waited for until `stop_by_ms`."""

    outcome: Outcome
    stop_by_ms: int


class Placed(Decision, frozen=True, tag="placed"):
    """These attempts go to a pool together, in slots of the grant `grant`, under the name `chunk`.

    cost: nano-dollars that each is expected to cost, None if unknown. until_ms: they are missed then, if nobody has
    heard of them. Whether somebody has is first looked at `look_ms`. here: who reported what made them ready goes on
    with them, so nobody hands them over.
    """

    chunk: str
    grant: str
    items: tuple[Item, ...]
    cost: int | None
    look_ms: int
    until_ms: int
    here: bool = False


class Overspent(Decision, frozen=True, tag="overspent"):
    """The share of the pipeline that runs as the step `instance` does not last, so the step fails, with this message."""

    instance: str
    message: str


class Told(Decision, frozen=True, tag="told"):
    """The broker is told what the run wants and holds, in this version."""

    version: int


class Looked(Decision, frozen=True, tag="looked"):
    """A chunk that was not heard of is looked after; and again at `next_ms` if there is no answer."""

    next_ms: int


class Woken(Decision, frozen=True, tag="woken"):
    """The run asks to be woken at this time."""

    at_ms: int


class Shown(Decision, frozen=True, tag="shown"):
    """The status of the run is written anew."""


AnyDecision: TypeAlias = Retry | Joined | Booked | Begun | Ending | Placed | Overspent | Told | Looked | Woken | Shown


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One record of a run's log, taken in at `now` (ms since the epoch) by an engine of this version.

    carried: the effects of so many records before this one are known to be done. unsure: what came in did so by a queue
    that delivers side by side, so another record may follow before the effects of this one are done.
    """

    engine: int
    now: int
    events: tuple[AnyEvent, ...]
    decisions: tuple[AnyDecision, ...] = ()
    carried: int = 0
    unsure: bool = False


class FromTheFuture(ValueError):
    """A record, or a message, that a newer version of econda wrote: to be left for a newer function."""


class FromThePast(ValueError):
    """A record of a version of econda so old that this one cannot read it."""


class _Version(msgspec.Struct):
    engine: int = 0


_decoder, _version = msgspec.json.Decoder(Entry), msgspec.json.Decoder(_Version)
_encoder = msgspec.json.Encoder()


def decode_entry(data: bytes) -> Entry:
    """Read a log record. Raises `FromTheFuture`, `FromThePast`, or `msgspec.DecodeError` for anything else that is none.

    A newer version's may look like one of this and mean something else.
    """
    try:
        entry = _decoder.decode(data)
    except msgspec.ValidationError:
        raise_if_of_another_time(engine_of(data))
        raise
    raise_if_of_another_time(entry.engine)
    return entry


def engine_of(data: bytes) -> int:
    """The version that wrote a record, 0 if it does not say. Raises `msgspec.DecodeError`."""
    return _version.decode(data).engine


def raise_if_of_another_time(engine: int) -> None:
    """Raises `FromTheFuture` or `FromThePast` if this is no version of the engine that this one reads."""
    said = f"written by version {engine} of the engine; this is version {ENGINE_VERSION}"
    if engine > ENGINE_VERSION:
        raise FromTheFuture(said)
    if engine < OLDEST_READ:
        raise FromThePast(f"{said}, which reads {OLDEST_READ} and later")


def encode_entry(entry: Entry) -> bytes:
    return _encoder.encode(entry)
