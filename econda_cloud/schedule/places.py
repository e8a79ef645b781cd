"""Where a run's files lie in the blob store: the one place that knows the names."""

from __future__ import annotations

from econda_edsl.plan import Plan, decode_plan

from econda_cloud.ports.blobs import BlobStore


def run_prefix(namespace: str, run: str) -> str:
    return f"runs/{namespace}/{run}"


def plan_key(namespace: str, run: str) -> str:
    return f"{run_prefix(namespace, run)}/plan.json"


def bundle_key(namespace: str, run: str) -> str:
    return f"{run_prefix(namespace, run)}/bundle.tar"


def status_key(namespace: str, run: str) -> str:
    return f"{run_prefix(namespace, run)}/status.json"


def log_key(namespace: str, run: str, chunk: str, index: int | None = None) -> str:
    """The log of a chunk, or of one member of an array."""
    return f"{run_prefix(namespace, run)}/logs/{chunk}{'' if index is None else f'.{index}'}.log"


def chunk_key(namespace: str, run: str, chunk: str) -> str:
    """What a worker is handed, where it is too long for a message."""
    return f"{run_prefix(namespace, run)}/chunks/{chunk}.json"


def stored_plan(blobs: BlobStore, namespace: str, run: str) -> Plan:
    """Raises `KeyError` for a run that is not there."""
    return decode_plan(blobs.get(plan_key(namespace, run)))
