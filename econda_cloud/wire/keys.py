"""Where a run's files lie in the blob store: the one place that knows the names."""

from __future__ import annotations

import re
from urllib.parse import quote

from econda_cloud.wire.names import file_name

RUNS = "runs/"
"""Under which namespaces have folders, and in those each run has one."""


def run_prefix(namespace: str, run: str) -> str:
    return f"{RUNS}{namespace}/{run}"


def policy_key(digest: str) -> str:
    """A policy by its digest, where the broker finds it."""
    return f"policies/{digest}.json"


def plan_key(namespace: str, run: str) -> str:
    return f"{run_prefix(namespace, run)}/plan.json"


def bundle_key(namespace: str, run: str) -> str:
    return f"{run_prefix(namespace, run)}/bundle.tar"


UNITS = "$units"
"""The key in a run's `outputs.json` under which the units of its outputs are told."""


def status_key(namespace: str, run: str) -> str:
    return f"{run_prefix(namespace, run)}/status.json"


def log_key(namespace: str, run: str, chunk: str, index: int | None = None) -> str:
    """The log of a chunk, or of one member of an array."""
    return f"{run_prefix(namespace, run)}/logs/{chunk}{'' if index is None else f'.{index}'}.log"


def log_part_key(key: str, part: int) -> str:
    """One of the objects that a chunk's log is made of, of which most have only the first; `key` is its `log_key`."""
    return f"{key}.{part}" if part else key


def live_log_prefix(namespace: str, run: str, instance: str, attempt: int) -> str:
    """Under which lies what an attempt has written so far, in numbered pieces; with a slash at its end."""
    return f"live/{namespace}/{run}/{file_name(instance)}.{attempt}/"


def chunk_key(namespace: str, run: str, chunk: str) -> str:
    """What a worker is handed, where it is too long for a message. Apart from the run's files: it is of no use afterwards."""
    return f"chunks/{namespace}/{run}/{chunk}.json"


def artifact_key(namespace: str, digest: str) -> str:
    """A file that a task made, under the SHA-256 of its content, which whoever stored it there has checked."""
    return f"artifacts/{namespace}/sha256/{digest}"


def unchecked_key(namespace: str, run: str, chunk: str, digest: str) -> str:
    """A file too large for the store to check on its way in: it lies apart, for others to take it for nothing else."""
    return f"artifacts/{namespace}/unchecked/{run}/{chunk}/{digest}"


def packs_prefix(namespace: str, run: str, chunk: str) -> str:
    """Under which a chunk's workers put their small files together; with a slash at its end."""
    return f"artifacts/{namespace}/packs/{run}/{chunk}/"


def pack_key(namespace: str, run: str, chunk: str, owner: str, number: int) -> str:
    """Several small files in one blob, of which `wire.parts` names each; `number` counts those of one owner."""
    return f"{packs_prefix(namespace, run, chunk)}{file_name(owner)}-{number}"


def checkpoint_key(namespace: str, run: str, instance: str) -> str:
    """The blob that names the slot with an instance's newest checkpoint. Workers write it, so no scheduler reads it."""
    return f"{checkpoints_prefix(namespace, run)}{file_name(instance)}"


def checkpoint_slots(key: str) -> tuple[str, str]:
    """Where the two newest checkpoints of an instance lie, in turns; `key` is its `checkpoint_key`."""
    return f"{key}.0.tar", f"{key}.1.tar"


def checkpoints_prefix(namespace: str, run: str) -> str:
    """Under which all checkpoints of a run lie; with a slash at its end."""
    return f"work/{namespace}/{run}/checkpoints/"


def state_prefix(namespace: str, operator: str, key: str) -> str:
    """Under which an operator's state for one key lies; without a slash at its end."""
    return f"state/{namespace}/{quote(operator, safe='')}/{quote(key, safe='') or '_'}"


def environments_prefix(namespace: str) -> str:
    """Under which a namespace's archives of packages lie; with a slash at its end."""
    return f"environments/{namespace}/"


def is_archive_key(key: str, namespace: str) -> bool:
    """Whether this is the name of an archive of packages of that namespace."""
    return re.fullmatch(re.escape(environments_prefix(namespace)) + r"[0-9a-f]{64}\.tar", key) is not None


def is_digest(text: str) -> bool:
    """Whether this is a SHA-256 as names of blobs have it."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def is_artifact_key(key: str, namespace: str) -> bool:
    """Whether this is where files that tasks of a namespace have made lie, or a part of it."""
    return key.startswith(f"artifacts/{namespace}/") and ".." not in key.split("/")
