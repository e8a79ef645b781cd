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
    for part in _parts(secrets):
        data = data.replace(part, MASK)
    return data


def longest_part(secrets: Iterable[str]) -> int:
    """Bytes of the longest text that is masked; 0 if none is."""
    return max(map(len, _parts(secrets)), default=0)


def whole_until(data: bytes, end: int, secrets: Iterable[str]) -> int:
    """The first place from `end` on that lies in no secret of `data`."""
    parts, moved = _parts(secrets), True
    while moved:
        moved = False
        for part in parts:
            at = data.find(part, max(0, end - len(part) + 1))
            if -1 < at < end:
                end, moved = at + len(part), True
    return end


def _parts(secrets: Iterable[str]) -> list[bytes]:
    """All that is masked, the longest first."""
    parts = {line.strip() for secret in secrets for line in (secret, *secret.splitlines())}
    return [part.encode() for part in sorted(parts, key=len, reverse=True) if len(part) >= SHORTEST]


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
