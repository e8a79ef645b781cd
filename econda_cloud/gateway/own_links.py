"""Links to the gateway itself, for stores that give none: a signed leave in the address."""

from __future__ import annotations

from urllib.parse import quote, unquote

from econda_cloud.gateway.tokens import Leave, Limits, Tokens
from econda_cloud.wire.worker_protocol import Link, Upload, Write

LASTS_MS = 900_000
PREFIX = "/v1/blob/"


class OwnLinks:
    """Addresses below the gateway's own. `limits` are for each blob."""

    def __init__(self, tokens: Tokens, limits: Limits | None = None) -> None:
        self._tokens, self._limits = tokens, limits or Limits()

    def to_read(self, key: str, now: int) -> Link:
        return self._link(Leave(method="GET", blob=key, name=key, ends_ms=now + LASTS_MS, limits=self._limits), now)

    def to_write(self, write: Write, apart: str, now: int, *, once: bool = False) -> Upload:
        del apart
        leave = Leave(method="PUT", blob=write.key, name=write.key, ends_ms=now + LASTS_MS, sha256=write.sha256,
                      size=write.size, once=once, limits=self._limits)  # fmt: skip
        return Upload(key=write.key, parts=(self._link(leave, now),), part_bytes=max(1, write.size))

    def finish(self, key: str, upload: str, tags: list[str]) -> None:
        raise ValueError(f"{key} has no upload in parts ({upload[:20]}, {len(tags)} tags)")

    def _link(self, leave: Leave, now: int) -> Link:
        url = f"{PREFIX}{quote(leave.blob, safe='/')}?leave={self._tokens.sign(leave, now)}"
        return Link(url=url, until_ms=leave.ends_ms)


def blob_of(path: str) -> str:
    """The key that a path of the gateway names."""
    return unquote(path.removeprefix(PREFIX))
