"""What a worker is handed: a chunk of alike attempts, as JSON."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from econda_edsl.plan import Container, Entry, Inline, Operator

from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded

Report: TypeAlias = AttemptSucceeded | AttemptFailed


class Build(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="kind", tag="build"):
    """Make the archive of a plan's environment: its only output `archive` is the blob key.

    `packages` are requirements as the user wrote them, `pins` what they were resolved to, empty if not yet.
    """

    key: str
    packages: tuple[str, ...]
    pins: tuple[str, ...] = ()


class StateField(msgspec.Struct, frozen=True, kw_only=True):
    """One value that an operator keeps: its type, and what it is before the first run."""

    type: str
    start: Any = None


class WorkItem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One attempt, numbered from 1. `argv` are a container's arguments, already evaluated; artifacts stay values.

    `secrets` tells for variables of the environment where their text is kept. `key`: which state an operator keeps.
    """

    instance: str
    attempt: int
    args: dict[str, Any] = {}
    env: dict[str, str] = {}
    secrets: dict[str, dict[str, Any]] = {}
    key: str = ""
    argv: tuple[Any, ...] = ()


class WorkTask(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What every item of a chunk runs. `memory` in bytes, 0 for no limit; `types` are the plan's record types.

    `checkpoint_ms`: how often the attempt's checkpoints are saved, None for a task without; `checkpoint_bytes`: saved
    once so much of them has changed. `state`: what an operator keeps from run to run. `image`: what the worker
    itself is to run in, for pools that start one per chunk. `own_process`: no two attempts run in one.
    """

    name: str
    run: Inline | Entry | Container | Operator | Build
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    timeout_ms: int | None = None
    checkpoint_ms: int | None = None
    checkpoint_bytes: int | None = None
    state: dict[str, StateField] = {}
    memory: int = 0
    image: str | None = None
    types: dict[str, dict[str, str]] = {}
    own_process: bool = False


class Chunk(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Attempts of one task. `archive` (the environment) and `bundle` (the code files) are blob keys."""

    id: str
    run: str
    namespace: str
    task: WorkTask
    items: tuple[WorkItem, ...]
    archive: str | None = None
    bundle: str | None = None


_decoder = msgspec.json.Decoder(Chunk)
_encoder = msgspec.json.Encoder(order="deterministic")


def decode_chunk(data: bytes | str) -> Chunk:
    """Read a chunk. Raises `msgspec.ValidationError` for anything that is not one."""
    return _decoder.decode(data)


def encode_chunk(chunk: Chunk) -> bytes:
    return _encoder.encode(chunk)
