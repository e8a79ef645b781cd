"""Secrets kept out of logs and messages: what a task prints of them becomes `***`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

SHORTEST = 4
"""Shorter secrets are not masked: they would be found everywhere, and tell more by where they are missing."""

MASK = b"***"


def masked_text(text: str, secrets: Iterable[str]) -> str:
    return masked(text.encode("utf-8", "replace"), secrets).decode("utf-8", "replace")


def masked(data: bytes, secrets: Iterable[str]) -> bytes:
    """Each secret, and each line of one that has several, replaced."""
    parts = {line.strip() for secret in secrets for line in (secret, *secret.splitlines())}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= SHORTEST:
            data = data.replace(part.encode(), MASK)
    return data


def mask_file(path: Path, secrets: Iterable[str]) -> None:
    """Rewrite a log without the secrets in it; nothing is written if there are none."""
    try:
        data = path.read_bytes()
    except OSError:
        return
    clean = masked(data, secrets)
    if clean != data:
        other = path.with_name(path.name + ".masked")
        other.write_bytes(clean)
        os.replace(other, path)
