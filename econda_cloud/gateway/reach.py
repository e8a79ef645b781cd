"""How far a chunk's worker may reach: the blobs and secrets that the chunk's document names, in its own namespace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from econda_edsl.plan import Operator

from econda_cloud.wire.artifact_values import artifacts_in
from econda_cloud.wire.chunk import Build, Chunk
from econda_cloud.wire.keys import (
    artifact_key,
    checkpoint_key,
    checkpoint_slots,
    environments_prefix,
    is_archive_key,
    is_digest,
    live_log_prefix,
    log_key,
    packs_prefix,
    state_prefix,
    unchecked_key,
)
from econda_cloud.wire.parts import part_of

_VERSION = r"/(current|versions/\d{1,12}-[A-Za-z0-9_.~%-]{1,900})\.json"
_PACK = r"[A-Za-z0-9_.~-]{1,120}-\d{1,6}"
_TAG = r"-[A-Za-z0-9_.-]{1,120}\.json"


class Reach:
    """What one chunk, or one member of an array (`index`), may touch."""

    def __init__(self, chunk: Chunk, index: int | None) -> None:
        self._chunk, self._task, self._index = chunk, chunk.task, index
        self.inputs = {str(about.get("key")): about for about in artifacts_in(self._values())}
        named = [checkpoint_key(chunk.namespace, chunk.run, item.instance) for item in chunk.items]
        self._slots = {slot for key in named for slot in checkpoint_slots(key)}
        self._checkpoints = {*named, *self._slots}
        self._states = {state_prefix(chunk.namespace, chunk.task.name, item.key) for item in chunk.items}
        self._live = tuple(live_log_prefix(chunk.namespace, chunk.run, i.instance, i.attempt) for i in chunk.items)
        self._secrets = {_canonical(reference) for reference in self._named_secrets()}

    @property
    def log(self) -> str:
        chunk = self._chunk
        return log_key(chunk.namespace, chunk.run, chunk.id, self._index)

    def is_log(self, key: str) -> bool:
        """Whether this is a part of the chunk's log."""
        return key == self.log or (key.startswith(f"{self.log}.") and _is_number(key[len(self.log) + 1 :]))

    def _is_live_log(self, key: str) -> bool:
        prefix, slash, number = key.rpartition("/")
        return f"{prefix}{slash}" in self._live and _is_number(number)

    def may_read(self, key: str) -> bool:
        namespace = self._chunk.namespace
        if ".." in key.split("/"):
            return False
        if key in self.inputs:
            return key.startswith(f"artifacts/{namespace}/")
        if key == self._chunk.bundle:
            return key.startswith(f"runs/{namespace}/")
        if key == self._chunk.archive:
            return is_archive_key(key, namespace)
        if self._task.state and self._is_kept(key):
            # What an operator keeps may be files, which only its state names.
            return True
        return self._is_checkpoint(key) or self.is_state(key) or self._is_built(key)

    def _is_kept(self, key: str) -> bool:
        apart = (f"artifacts/{self._chunk.namespace}/{place}/" for place in ("unchecked", "packs"))
        return self.is_artifact(key) or key.startswith(tuple(apart))

    def may_write(self, key: str, sha256: str) -> bool:
        """Whether content with this hash may be stored under the key."""
        if self.is_artifact(key):
            return key == artifact_key(self._chunk.namespace, sha256)
        mine = self.is_log(key) or self._is_live_log(key)
        return mine or self._is_checkpoint(key) or self._is_built(key) or self.is_state(key)

    def unchecked(self, sha256: str) -> str:
        """Where an artifact of this chunk goes that the store cannot check."""
        chunk = self._chunk
        return unchecked_key(chunk.namespace, chunk.run, chunk.id, sha256)

    def is_packed(self, key: str, size: int) -> bool:
        """Whether this is one of the small files that the chunk's workers put together, of so many bytes."""
        chunk, part = self._chunk, part_of(key)
        return part is not None and part.length == size and bool(
            re.fullmatch(re.escape(packs_prefix(chunk.namespace, chunk.run, chunk.id)) + _PACK, part.key)
        )  # fmt: skip

    def is_artifact(self, key: str) -> bool:
        digest = key.rpartition("/")[2]
        return is_digest(digest) and key == artifact_key(self._chunk.namespace, digest)

    def is_state(self, key: str) -> bool:
        if not self._task.state:
            return False
        return any(re.fullmatch(re.escape(prefix) + _VERSION, key) for prefix in self._states)

    def written_once(self, key: str) -> bool:
        """Whether nothing may take the place of what lies there: others rely on it."""
        return is_archive_key(key, self._chunk.namespace)

    def takes_the_place(self, key: str) -> bool:
        """Whether what lies there is of no use once something new is about to come, and large: an older checkpoint."""
        return key in self._slots

    def may_know(self, reference: dict[str, Any]) -> bool:
        return _canonical(reference) in self._secrets

    def _is_checkpoint(self, key: str) -> bool:
        saves = self._task.checkpoint_ms is not None or self._task.checkpoint_bytes is not None
        return saves and key in self._checkpoints

    def _is_built(self, key: str) -> bool:
        if not isinstance(self._task.run, Build):
            return False
        resolved = f"{environments_prefix(self._chunk.namespace)}resolved/{self._task.run.key}"
        return self.written_once(key) or re.fullmatch(re.escape(resolved) + _TAG, key) is not None

    def _values(self) -> list[Any]:
        items, state = self._chunk.items, self._task.state.values()
        return [[(item.args, item.argv) for item in items], [field.start for field in state]]

    def _named_secrets(self) -> Iterator[dict[str, Any]]:
        for item in self._chunk.items:
            yield from item.secrets.values()
        run = self._task.run
        if isinstance(run, Operator) and run.connector is not None:
            for value in run.connector.settings.values():
                if isinstance(value, dict) and isinstance(value.get("secret"), dict):
                    yield value["secret"]


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d{1,6}", text) is not None


def _canonical(reference: dict[str, Any]) -> bytes:
    return msgspec.json.encode(reference, order="deterministic")
