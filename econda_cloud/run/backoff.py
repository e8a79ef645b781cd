"""How long to wait before the next attempt."""

from __future__ import annotations

import hashlib

from econda_edsl.plan import Retry


def backoff_ms(retry: Retry, tries: int, seed: int, instance: str) -> int:
    """Wait in ms after the `tries`-th failed try (from 1).

    The jitter is not drawn but computed from the run's seed, the instance and the try, so that a replay of the
    log waits as long: the wait lies in [(1 - jitter) * w, w] for the back-off w.
    """
    if retry.kind == "exponential":
        wait = retry.first_ms * retry.factor ** min(tries - 1, 64)
    else:
        wait = float(retry.first_ms * tries)
    wait = min(wait, float(retry.cap_ms))
    digest = hashlib.blake2b(f"{seed}:{instance}:{tries}".encode(), digest_size=8).digest()
    drawn = int.from_bytes(digest, "big") / 2**64
    return round(wait * (1 - retry.jitter * drawn))
