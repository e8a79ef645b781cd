"""The state of an operator: values it keeps from run to run, one set per key, changed by compare and swap.

Beside the values stand the outputs of the attempt that committed them. An attempt whose report was lost is tried again;
it finds its own commit and answers from it, so that no input is folded in twice.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Conflict


class Kept(msgspec.Struct, kw_only=True):
    """Version `version` of a state, committed by `instance` of `run` along with its outputs."""

    version: int = 0
    values: dict[str, Any] = {}
    run: str = ""
    instance: str = ""
    outputs: dict[str, Any] = {}


class StateMoved(Exception):
    """Another run has committed the state since it was read."""


class OperatorState:
    """The state of `operator` for one `key`. Older versions stay beside it, for looking back."""

    def __init__(self, blobs: BlobStore, namespace: str, operator: str, key: str) -> None:
        self._blobs = blobs
        self._prefix = f"state/{namespace}/{quote(operator, safe='')}/{quote(key, safe='') or '_'}"
        self._tag: str | None = None
        self._kept = Kept()

    def read(self) -> Kept:
        """What is kept now; version 0 if nothing is yet."""
        try:
            data, self._tag = self._blobs.tagged(f"{self._prefix}/current.json")
        except KeyError:
            self._kept, self._tag = Kept(), None
        else:
            self._kept = msgspec.json.decode(data, type=Kept)
        return self._kept

    def commit(self, values: dict[str, Any], outputs: dict[str, Any], run: str, instance: str) -> None:
        """Make these values the next version. Raises `StateMoved`."""
        following = Kept(version=self._kept.version + 1, values=values, outputs=outputs, run=run, instance=instance)
        data = msgspec.json.encode(following)
        # Written first: a version that is current can always be looked at, one that never became it does no harm.
        self._blobs.put(f"{self._prefix}/versions/{following.version}-{quote(run, safe='')}.json", data)
        try:
            self._tag = self._blobs.put_if(f"{self._prefix}/current.json", data, self._tag)
        except Conflict:
            raise StateMoved from None
        self._kept = following
