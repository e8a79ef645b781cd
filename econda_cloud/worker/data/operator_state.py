"""The state of an operator: values it keeps from run to run, one set per key, changed by compare and swap.

Beside the values stand the outputs of the attempt that committed them. An attempt whose report was lost is tried again;
it finds its own commit, also if others have committed since, and answers from it: no input is folded in twice.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from econda_cloud.ports.blobs import WorkerBlobs
from econda_cloud.ports.log import Conflict
from econda_cloud.wire.keys import state_prefix

COMMITS_REMEMBERED = 1_000
"""So many commits may come between one whose report was lost and the attempt that is tried again."""


class Kept(msgspec.Struct, kw_only=True):
    """Version `version` of a state, committed by `instance` of `run` along with its outputs.

    `commits`: this version and those before, by `run instance`, oldest first.
    """

    version: int = 0
    values: dict[str, Any] = {}
    run: str = ""
    instance: str = ""
    outputs: dict[str, Any] = {}
    commits: dict[str, int] = {}


class StateMoved(Exception):
    """Another run has committed the state since it was read."""


class OperatorState:
    """The state of `operator` for one `key`. Older versions stay beside it, for looking back."""

    def __init__(self, blobs: WorkerBlobs, namespace: str, operator: str, key: str) -> None:
        self._blobs = blobs
        self._prefix = state_prefix(namespace, operator, key)
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

    def committed(self, run: str, instance: str) -> dict[str, Any] | None:
        """The outputs with which this instance has changed the state that was read, or None if it has not."""
        version = self._kept.commits.get(_name(run, instance))
        if version is None:
            return None
        if version == self._kept.version:
            return self._kept.outputs
        return msgspec.json.decode(self._blobs.get(self._version_key(version, run, instance)), type=Kept).outputs

    def commit(self, values: dict[str, Any], outputs: dict[str, Any], run: str, instance: str) -> None:
        """Make these values the next version. Raises `StateMoved`."""
        version = self._kept.version + 1
        commits = {**self._kept.commits, _name(run, instance): version}
        for oldest in list(commits)[: max(0, len(commits) - COMMITS_REMEMBERED)]:
            del commits[oldest]
        following = Kept(version=version, values=values, outputs=outputs, run=run, instance=instance, commits=commits)
        data = msgspec.json.encode(following)
        # Written first: a version that is current can always be looked at, one that never became it does no harm.
        self._blobs.put(self._version_key(version, run, instance), data)
        try:
            self._tag = self._blobs.put_if(f"{self._prefix}/current.json", data, self._tag)
        except Conflict:
            raise StateMoved from None
        self._kept = following

    def _version_key(self, version: int, run: str, instance: str) -> str:
        # With the instance: of two that want to make the same version, the slower must not write over the faster.
        return f"{self._prefix}/versions/{version}-{quote(_name(run, instance), safe='')}.json"


def _name(run: str, instance: str) -> str:
    return f"{run} {instance}"
