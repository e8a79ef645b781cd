"""What travels in the queues: events of one run, or of the broker, or a reference to a blob that holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.wire.broker import AnyBrokerEvent
from econda_cloud.wire.entries import ENGINE_VERSION, FromTheFuture
from econda_cloud.wire.events import AnyEvent

LARGE = 200_000
"""Bytes above which a message only refers to a blob: queues are assumed to take 256 KiB."""

LARGEST = 16 * 1024 * 1024
"""Bytes of a message that are read at all: what is beyond was never meant to be held in memory."""

BROKER = "broker"
"""The one group of the broker's queue."""


class RunEvents(msgspec.Struct, frozen=True, kw_only=True, tag_field="message", tag="run_events"):
    """`engine` is the version that wrote it."""

    run: str
    events: tuple[AnyEvent, ...]
    engine: int = ENGINE_VERSION


class BrokerEvents(msgspec.Struct, frozen=True, kw_only=True, tag_field="message", tag="broker_events"):
    events: tuple[AnyBrokerEvent, ...]
    engine: int = ENGINE_VERSION


class Deposited(msgspec.Struct, frozen=True, kw_only=True, tag_field="message", tag="deposited"):
    """The message itself, of `size` bytes, lies in the blob store under `key`. run: whose it is."""

    key: str
    run: str = ""
    size: int = 0
    engine: int = ENGINE_VERSION


class BadMessage(ValueError):
    """A message that nobody of this stack can have sent. `run`: whose it is, if that much can be told."""

    def __init__(self, message: str, run: str = "") -> None:
        super().__init__(message)
        self.run = run


Message: TypeAlias = RunEvents | BrokerEvents | Deposited

_decoder = msgspec.json.Decoder(Message)
_encoder = msgspec.json.Encoder()


class _About(msgspec.Struct):
    engine: int = 0
    run: str = ""


def write_message(run: str, events: Iterable[AnyEvent], blobs: BlobStore) -> str:
    """The body to send. Raises `ValueError` for events that nobody could read, such as values nested too deeply."""
    try:
        body = _encoder.encode(RunEvents(run=run, events=tuple(events)))
    except RecursionError:
        raise ValueError("a value in it is nested too deeply") from None
    return _fitting(body, run, blobs)


def write_broker_message(events: Iterable[AnyBrokerEvent], blobs: BlobStore) -> str:
    """The body to send to the broker."""
    return _fitting(_encoder.encode(BrokerEvents(events=tuple(events))), "", blobs)


def _fitting(body: bytes, run: str, blobs: BlobStore) -> str:
    if len(body) <= LARGE:
        return body.decode()
    key = f"messages/{hashlib.sha256(body).hexdigest()}.json"
    blobs.put(key, body)
    return _encoder.encode(Deposited(key=key, run=run, size=len(body))).decode()


def read_message(body: str, blobs: BlobStore) -> RunEvents | BrokerEvents:
    """Raises `BadMessage`; `FromTheFuture` for what a newer version wrote; and what the store raises."""
    message = _read(body.encode())
    if not isinstance(message, Deposited):
        return message
    if message.size > LARGEST:
        raise BadMessage(f"it has {message.size:,} bytes; at most {LARGEST:,} are read", message.run)
    try:
        deposited = _read(blobs.get(message.key))
    except KeyError as error:
        raise BadMessage(f"its blob {message.key} is gone", message.run) from error
    if isinstance(deposited, Deposited):
        raise BadMessage("a reference to a reference", message.run)
    return deposited


def _read(body: bytes) -> Message:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        about = _about(body)
        if about.engine > ENGINE_VERSION:
            raise FromTheFuture(f"a message of version {about.engine}; this is version {ENGINE_VERSION}") from error
        raise BadMessage(f"not a message of econda: {error}"[:1_000], about.run) from error


def _about(body: bytes) -> _About:
    """What can be told of a message that cannot be read."""
    try:
        return msgspec.json.decode(body, type=_About)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _About()
