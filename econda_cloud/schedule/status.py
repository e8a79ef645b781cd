"""`status.json`: what someone who can only reach the bucket sees of a run."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import msgspec

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Conflict
from econda_cloud.run.state import RunState
from econda_cloud.wire.keys import is_artifact, run_prefix, status_key

EVERY_MS = 5_000
"""A status is written so often at most, but for the last one."""

KNOWN_MOST = 1_000
"""Runs whose last status is remembered."""

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


def show_broken(blobs: BlobStore, namespace: str, run: str, message: str) -> None:
    """Say that nothing more can be done for a run, in place of whatever its status says."""
    key = status_key(namespace, run) if namespace else f"runs/broken/{run}/status.json"
    blobs.put(
        key, _shown({"run": run, "namespace": namespace, "state": "failed", "error": message, "records": 1 << 53})
    )


def _shown(status: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(status), indent=2)


@dataclass
class _Shown:
    """What was shown last, when, and whether it was told that there is something newer."""

    news: dict[str, Any]
    at_ms: int
    told: bool = False


class StatusBoard:
    """Writes statuses, never an older one over a newer: schedulers run side by side. Safe between threads."""

    def __init__(self, blobs: BlobStore, every_ms: int = EVERY_MS) -> None:
        self._blobs, self._every = blobs, every_ms
        self._tags: dict[str, str | None] = {}
        self._shown: OrderedDict[str, _Shown] = OrderedDict()
        self._lock = threading.Lock()

    def show(self, state: RunState, seq: int, now: int) -> int:
        """Write the status if there is news in it, and the last one is old enough or this is the last.

        What is left out now may be missing for long: in how many ms to show it, if nothing else happens; 0 for never.
        Each wait is told once.
        """
        status, shown = status_of(state, seq), self._shown.get(state.run)
        news = {name: value for name, value in status.items() if name not in UNSEEN}
        if shown is not None and shown.news == news:
            return 0
        if shown is not None and state.outcome is None and now < shown.at_ms + self._every:
            told, shown.told = shown.told, True
            return 0 if told else shown.at_ms + self._every - now
        self._write(status_key(state.namespace, state.run), status)
        with self._lock:
            self._shown[state.run] = _Shown(news, now)
            while len(self._shown) > KNOWN_MOST:
                self._forget(next(iter(self._shown)))
        if state.outcome is not None:
            self._tags.pop(status_key(state.namespace, state.run), None)
            self._shown.pop(state.run, None)
        return 0

    def _forget(self, run: str) -> None:
        del self._shown[run]
        self._tags = {key: tag for key, tag in self._tags.items() if not key.endswith(f"/{run}/status.json")}

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
    """`outputs.json` beside the status, and a copy of each output that is a file under `outputs/`.

    Only what lies where artifacts of the run's own namespace lie is copied, whatever a task has said. What cannot be
    copied is told in `outputs.errors.txt`: the outputs tell where it is.
    """
    outputs = state.outcome.outputs if state.outcome is not None else {}
    prefix = run_prefix(state.namespace, state.run)
    if not outputs:
        return
    blobs.put(f"{prefix}/outputs.json", msgspec.json.format(msgspec.json.encode(outputs), indent=2))
    errors = []
    for name, value in outputs.items():
        if not (isinstance(value, dict) and isinstance(value.get("$artifact"), dict)):
            continue
        about = value["$artifact"]
        key = str(about.get("key", ""))
        if not is_artifact(state.namespace, key, str(about.get("sha256", ""))):
            errors.append(f"{name}: {key[:200]!r} is no artifact of this namespace; it was not copied")
            continue
        try:
            blobs.copy(key, f"{prefix}/outputs/{name}/{_file_name(about)}")
        except KeyError:
            errors.append(f"{name}: {key} is gone")
    if errors:
        blobs.put(f"{prefix}/outputs.errors.txt", ("\n".join(errors) + "\n").encode())


def _file_name(about: dict[str, Any]) -> str:
    name = str(about.get("name") or "artifact").rpartition("/")[2]
    return f"{name}.tar" if about.get("packed") == "tar" else name
