"""What travels in the queue of events: events of one run, or a reference to a blob that holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.wire.events import AnyEvent

LARGE = 200_000
"""Bytes above which a message only refers to a blob: queues are assumed to take 256 KiB."""


class RunEvents(msgspec.Struct, frozen=True, kw_only=True, tag_field="message", tag="run_events"):
    run: str
    events: tuple[AnyEvent, ...]


class Deposited(msgspec.Struct, frozen=True, kw_only=True, tag_field="message", tag="deposited"):
    """The message itself lies in the blob store under `key`."""

    key: str


class BadMessage(ValueError):
    """A message that nobody of this stack can have sent."""


Message: TypeAlias = RunEvents | Deposited

_decoder = msgspec.json.Decoder(Message)
_encoder = msgspec.json.Encoder()


def write_message(run: str, events: Iterable[AnyEvent], blobs: BlobStore) -> str:
    """The body to send."""
    body = _encoder.encode(RunEvents(run=run, events=tuple(events)))
    if len(body) <= LARGE:
        return body.decode()
    key = f"messages/{hashlib.sha256(body).hexdigest()}.json"
    blobs.put(key, body)
    return _encoder.encode(Deposited(key=key)).decode()


def read_message(body: str, blobs: BlobStore) -> RunEvents:
    """Raises `BadMessage`."""
    message = _read(body.encode())
    if isinstance(message, RunEvents):
        return message
    try:
        deposited = _read(blobs.get(message.key))
    except KeyError as error:
        raise BadMessage(f"its blob {message.key} is gone") from error
    if isinstance(deposited, Deposited):
        raise BadMessage("a reference to a reference")
    return deposited


def _read(body: bytes) -> Message:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BadMessage(f"not a message of econda: {error}") from error
