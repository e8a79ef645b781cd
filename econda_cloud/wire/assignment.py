"""What a worker is told: which chunk to run, where the gateway is, and the token that lets it ask there."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec

NOTHING = msgspec.Raw(b"null")


class Assignment(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A chunk to run. `document` is the chunk as JSON, or null if the gateway is to give it. `size`: attempts in it.

    `index` is the member of an array, for pools that tell it this way. `ends_ms`: when the place where the worker runs
    ends (ms since the epoch), None for never.
    """

    run: str
    namespace: str
    chunk: str
    size: int
    gateway: str
    token: str
    document: msgspec.Raw = NOTHING
    index: int | None = None
    ends_ms: int | None = None


class BadAssignment(ValueError):
    """Not an assignment; the message says what is wrong and holds nothing of its token."""


_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_decoder = msgspec.json.Decoder(Assignment)


def encode_assignment(assignment: Assignment) -> bytes:
    return msgspec.json.encode(assignment)


def decode_assignment(data: bytes | str) -> Assignment:
    """Raises `BadAssignment`."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BadAssignment(f"not an assignment of econda: {error}") from None


def read_assignment(payload: Any) -> Assignment:
    """From JSON that was parsed already. Raises `BadAssignment`."""
    try:
        return decode_assignment(msgspec.json.encode(payload))
    except (TypeError, RecursionError) as error:
        raise BadAssignment(f"not an assignment of econda: {error}") from None


def without_tokens(text: str) -> str:
    """The text with `***` for every token in it, for people to look at."""
    return _TOKEN.sub("***", text)


def document_digest(document: bytes) -> str:
    """The identity of a chunk's document, which its token names."""
    return hashlib.sha256(document).hexdigest()
