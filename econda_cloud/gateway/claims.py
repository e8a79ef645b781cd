"""Who runs a chunk: a small log of its own for each chunk, or for each member of an array.

A chunk may be handed to a pool twice, after a crash or because deliveries are at least once. The first worker that
claims it is its owner for good, and others are turned away: no attempt begins twice. Each record is the owner's whole
word, so the last one is the state. A chunk whose owner says nothing until its claim expires is lost, and the scheduler
places what is left of it anew, as another chunk; the owner may still be at work, and its late word be the first to come.
"""

from __future__ import annotations

import msgspec

from econda_cloud.ports.log import Conflict, Log

LASTS_MS = 120_000
"""A claim expires so long after its owner's last word."""


class Word(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an owner says: that it is at work, or done. `handle`: its job's name in the pool. Times in ms since the epoch."""

    owner: str
    handle: str
    since_ms: int
    until_ms: int
    done: bool = False


class Claimed(Word, frozen=True, omit_defaults=True, kw_only=True):
    """The state of a claim: its last word, and how many there were (`seq`)."""

    seq: int = 0

    def alive(self, now: int) -> bool:
        """Whether its owner may still be at work."""
        return not self.done and now < self.until_ms


class Taken(Exception):
    """Another owner has the chunk, or had it to its end."""

    def __init__(self, by: Claimed) -> None:
        super().__init__(f"the chunk is done by {by.handle}" if by.done else f"the chunk is run by {by.handle}")
        self.by = by


_encoder, _decoder = msgspec.json.Encoder(), msgspec.json.Decoder(Word)


def claim_name(chunk: str, index: int | None) -> str:
    """The name of the log that holds the claim of a chunk, or of the member `index` of an array."""
    return f"claim/{chunk}" if index is None else f"claim/{chunk}/{index}"


def claim_state(log: Log, chunk: str, index: int | None, after: int = 0) -> Claimed | None:
    """The claim as it stands; None if nobody has claimed the chunk, or said a word since record number `after`."""
    records = log.read(claim_name(chunk, index), after)
    return _claimed(_decoder.decode(records[-1]), after + len(records)) if records else None


def claim(log: Log, chunk: str, index: int | None, owner: str, handle: str, now: int) -> Claimed:
    """Make `owner` the one that runs the chunk; claiming again changes nothing. Raises `Taken`.

    `owner` is a name that no other worker uses, not even the next try of the same job.
    """
    word = Word(owner=owner, handle=handle, since_ms=now, until_ms=now + LASTS_MS)
    try:
        return _claimed(word, log.append(claim_name(chunk, index), 0, _encoder.encode(word)))
    except Conflict:
        # Perhaps this very put: one whose answer was lost is tried again by the client of the store.
        last = claim_state(log, chunk, index)
    if last is None:
        raise Conflict(f"{claim_name(chunk, index)}: a record that cannot be read")
    if last.owner == owner and not last.done:
        return last
    raise Taken(last)


def heartbeat(log: Log, chunk: str, index: int | None, mine: Claimed, now: int) -> Claimed:
    """Say that the owner of `mine` is at work, also after its claim had expired. Raises `Taken`."""
    return _say(log, chunk, index, mine, Word(owner=mine.owner, handle=mine.handle, since_ms=mine.since_ms,
                                              until_ms=now + LASTS_MS))  # fmt: skip


def finish(log: Log, chunk: str, index: int | None, mine: Claimed, now: int) -> Claimed:
    """Say that all is reported, so that no other worker ever begins with the chunk. Raises `Taken`."""
    return _say(log, chunk, index, mine, Word(owner=mine.owner, handle=mine.handle, since_ms=mine.since_ms,
                                              until_ms=now, done=True))  # fmt: skip


def own(log: Log, chunk: str, index: int | None, mine: Claimed, now: int) -> Claimed:
    """The claim, if it still belongs to the owner of `mine`; it is read only once it may have been taken. Raises `Taken`."""
    if now < mine.until_ms and not mine.done:
        return mine
    last = claim_state(log, chunk, index, mine.seq) or mine
    if last.owner != mine.owner or last.done:
        raise Taken(last)
    return last


def _say(log: Log, chunk: str, index: int | None, mine: Claimed, word: Word) -> Claimed:
    last = mine
    while True:
        try:
            return _claimed(word, log.append(claim_name(chunk, index), last.seq, _encoder.encode(word)))
        except Conflict:
            last = claim_state(log, chunk, index, mine.seq) or last
        if last.owner != word.owner or (last.done and not word.done):
            raise Taken(last)
        if last.done == word.done and last.until_ms >= word.until_ms:
            return last


def _claimed(word: Word, seq: int) -> Claimed:
    return Claimed(owner=word.owner, handle=word.handle, since_ms=word.since_ms, until_ms=word.until_ms,
                   done=word.done, seq=seq)  # fmt: skip
