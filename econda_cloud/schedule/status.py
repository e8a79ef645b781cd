"""`status.json`: what someone who can only reach the bucket sees of a run."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Conflict
from econda_cloud.run.state import RunState
from econda_cloud.wire.keys import run_prefix, status_key

UNSEEN = ("updated_ms", "records")
"""Members of a status that are no news by themselves."""


def status_of(state: RunState, seq: int) -> dict[str, Any]:
    """Money in nano-dollars, times in ms since the epoch; `records` orders two versions of the same status."""
    outcome = state.outcome
    decided = outcome or state.decided or state.ending
    return {
        "run": state.run,
        "namespace": state.namespace,
        "state": outcome.state if outcome else "stopping" if decided else "running",
        "error": decided.error if decided else "",
        "outputs": outcome.outputs if outcome else {},
        "params": state.params,
        "submitted_by": state.submitted_by,
        "started_ms": state.started_ms,
        "updated_ms": state.now,
        "finished_ms": state.finished_ms or None,
        "counts": {**msgspec.to_builtins(state.counts), "placed": sum(len(c.open) for c in state.chunks.values())},
        "spent_nanos": state.spent,
        "unpriced_attempts": state.unpriced,
        "records": seq,
    }


def announce(blobs: BlobStore, namespace: str, run: str, **origin: str) -> None:
    """The status of a run that is submitted, and where it comes from; one that is there already stays."""
    status = {"run": run, "namespace": namespace, "state": "submitted", **origin, "records": 0}
    with contextlib.suppress(Conflict):
        blobs.put_if(status_key(namespace, run), _shown(status), None)


def _shown(status: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(status), indent=2)


class StatusBoard:
    """Writes statuses, never an older one over a newer: schedulers run side by side."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._tags: dict[str, str | None] = {}
        self._shown: dict[str, dict[str, Any]] = {}

    def show(self, state: RunState, seq: int) -> None:
        """Write the status if there is news in it.

        Not less often, to save requests: nobody knows whether another event comes soon, and what is left out now
        would be missing until then.
        """
        status = status_of(state, seq)
        news = {name: value for name, value in status.items() if name not in UNSEEN}
        if self._shown.get(state.run) == news:
            return
        self._write(status_key(state.namespace, state.run), status)
        self._shown[state.run] = news
        if state.outcome is not None:
            self._tags.pop(status_key(state.namespace, state.run), None)
            self._shown.pop(state.run, None)

    def _write(self, key: str, status: dict[str, Any]) -> None:
        data = _shown(status)
        while True:
            if key not in self._tags and not self._look(key, status["records"]):
                return
            try:
                self._tags[key] = self._blobs.put_if(key, data, self._tags[key])
            except Conflict:
                del self._tags[key]
                continue
            return

    def _look(self, key: str, seq: int) -> bool:
        """Learn the tag of what is there; False if that is newer."""
        try:
            data, tag = self._blobs.tagged(key)
        except KeyError:
            self._tags[key] = None
            return True
        if msgspec.json.decode(data).get("records", 0) > seq:
            return False
        self._tags[key] = tag
        return True


def publish_outputs(blobs: BlobStore, state: RunState) -> None:
    """`outputs.json` beside the status, and a copy of each output that is a file under `outputs/`."""
    outputs = state.outcome.outputs if state.outcome is not None else {}
    prefix = run_prefix(state.namespace, state.run)
    for name, value in outputs.items():
        if isinstance(value, dict) and "$artifact" in value:
            about = value["$artifact"]
            blobs.copy(about["key"], f"{prefix}/outputs/{name}/{_file_name(about)}")
    if outputs:
        blobs.put(f"{prefix}/outputs.json", msgspec.json.format(msgspec.json.encode(outputs), indent=2))


def _file_name(about: dict[str, Any]) -> str:
    name = str(about.get("name") or "artifact").rpartition("/")[2]
    return f"{name}.tar" if about.get("packed") == "tar" else name
