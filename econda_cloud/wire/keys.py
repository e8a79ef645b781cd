"""Where a run's files lie in the blob store: the one place that knows the names."""

from __future__ import annotations


def run_prefix(namespace: str, run: str) -> str:
    return f"runs/{namespace}/{run}"


def policy_key(digest: str) -> str:
    """A policy by its digest, where the broker finds it."""
    return f"policies/{digest}.json"


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


def artifact_key(namespace: str, digest: str) -> str:
    """Where a file or a packed directory with this SHA-256 lies, for all runs of a namespace."""
    return f"artifacts/{namespace}/sha256/{digest}"


def is_artifact(namespace: str, key: str, digest: str) -> bool:
    """Whether a key is that of an artifact of this namespace, with this digest."""
    return (
        len(digest) == 64
        and all(letter in "0123456789abcdef" for letter in digest)
        and key == artifact_key(namespace, digest)
    )
