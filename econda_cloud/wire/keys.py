"""Where a run's files lie in the blob store: the one place that knows the names."""

from __future__ import annotations


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
