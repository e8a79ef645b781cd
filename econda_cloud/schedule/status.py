"""`status.json`: what someone who can only reach the bucket sees of a run."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
from econda_edsl.parameters.texts import output_units, param_units
from econda_edsl.plan import Plan

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Conflict
from econda_cloud.run.state import RunState
from econda_cloud.wire.keys import UNITS, is_artifact_key, run_prefix, status_key

KNOWN_MOST = 2_000
"""Runs whose last status is remembered."""

NEWER = "newer"


def status_of(state: RunState, seq: int, plan: Plan) -> dict[str, Any]:
    """Money in nano-dollars, times in ms since the epoch; `records` orders two versions of the same status. `units` tells the
    units of outputs and parameters, which are bare numbers.
    """
    outcome = state.outcome
    decided = outcome or state.decided or state.ending
    return {
        "run": state.run,
        "namespace": state.namespace,
        "state": outcome.state if outcome else "stopping" if decided else "running",
        "error": decided.error if decided else "",
        "outputs": outcome.outputs if outcome else {},
        "params": state.params,
        "units": units_in(plan, state),
        "submitted_by": state.submitted_by,
        "started_ms": state.started_ms,
        "updated_ms": state.now,
        "finished_ms": state.finished_ms or None,
        "counts": {**msgspec.to_builtins(state.counts), "placed": sum(len(c.open) for c in state.chunks.values())},
        "spent_nanos": state.spent,
        "unpriced_attempts": state.unpriced,
        **({"published": about} if (about := published(state)) is not None else {}),
        "records": seq,
    }


def units_in(plan: Plan, state: RunState) -> dict[str, Any]:
    """`{"outputs": …, "params": …}`, each as of `units_of`."""
    outputs = state.outcome.outputs if state.outcome is not None else {}
    return {"outputs": output_units(plan, outputs), "params": param_units(plan, state.params)}


def published(state: RunState) -> dict[str, Any] | None:
    """Where the outputs were copied, or are being copied, or could not be, and why; None for a run that publishes nothing."""
    told = state.published
    if told is None:
        return {"state": "publishing", "to": state.publish_to, "files": {}, "error": ""} if state.publish_to else None
    said = "failed" if told.error else "published"
    return {"state": said, "to": told.to, "files": told.files, "error": told.error}


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


class StatusBoard:
    """Writes statuses, never an older one over a newer: schedulers run side by side. Safe between threads."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._tags: dict[str, str | None] = {}

    def show(self, state: RunState, seq: int, plan: Plan) -> None:
        """Write the status. Raises what the store raises."""
        key = status_key(state.namespace, state.run)
        self._write(key, status_of(state, seq, plan))
        if state.outcome is not None or len(self._tags) > KNOWN_MOST:
            self._tags.pop(key, None)

    def _write(self, key: str, status: dict[str, Any]) -> None:
        data = _shown(status)
        while True:
            tag = self._tags[key] if key in self._tags else self._look(key, status["records"])
            if tag is NEWER:
                return
            try:
                self._tags[key] = self._blobs.put_if(key, data, tag)
            except Conflict:
                self._tags.pop(key, None)
                continue
            return

    def _look(self, key: str, seq: int) -> str | None:
        """The tag of what is there, None if nothing is, `NEWER` if it is newer than this."""
        try:
            data, tag = self._blobs.tagged(key)
        except KeyError:
            return None
        return NEWER if msgspec.json.decode(data).get("records", 0) > seq else tag


def publish_outputs(blobs: BlobStore, state: RunState, plan: Plan) -> None:
    """`outputs.json` beside the status, and a copy of each output that is a file under `outputs/`. Where there are
    quantities among the outputs, `$units` in it tells their units; no output can have that name.

    Only what lies where artifacts of the run's own namespace lie is copied, whatever a task has said. What cannot be
    copied is told in `outputs.errors.txt`: the outputs tell where it is.
    """
    outputs = state.outcome.outputs if state.outcome is not None else {}
    prefix = run_prefix(state.namespace, state.run)
    if not outputs:
        return
    units = output_units(plan, outputs)
    told = {**outputs, UNITS: units} if units else outputs
    blobs.put(f"{prefix}/outputs.json", msgspec.json.format(msgspec.json.encode(told), indent=2))
    errors = []
    for name, value in outputs.items():
        if not (isinstance(value, dict) and isinstance(value.get("$artifact"), dict)):
            continue
        about = value["$artifact"]
        key = str(about.get("key", ""))
        if not is_artifact_key(key, state.namespace):
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
