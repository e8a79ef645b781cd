"""A newer version of the functions, deployed midway: what it writes, an older one has to leave alone."""

from __future__ import annotations

import json
import zlib

from econda_cloud.ports.log import Log
from econda_cloud.wire.entries import ENGINE_VERSION

NEWER = ENGINE_VERSION + 1
_NOW, _THEN = (f'{{"engine":{version},'.encode() for version in (ENGINE_VERSION, NEWER))


def newer_record(record: bytes) -> bytes:
    """A record as the newer version writes it: either nobody else can read it, or it only looks as if one could."""
    if zlib.crc32(record) % 2:
        return record.replace(_NOW, _THEN, 1)
    dreamt = {"engine": NEWER, "now": 0, "events": [{"event": "dreamt"}], "was": record.decode()}
    return json.dumps(dreamt).encode()


def record_of(data: bytes) -> bytes:
    """What either version has written."""
    if data.startswith(_THEN):
        return data.replace(_THEN, _NOW, 1)
    return json.loads(data)["was"].encode() if b'"dreamt"' in data[:100] else data


def newer_message(body: str) -> str:
    """A message as the newer version writes it, with events that the older one does not know."""
    about = {name: each for name, each in json.loads(body).items() if name in ("message", "run")}
    return json.dumps(about | {"engine": NEWER, "events": [{"event": "dreamt"}], "was": body})


def message_of(body: str) -> str:
    """What either version has sent."""
    return json.loads(body)["was"] if '"dreamt"' in body[:200] and '"was"' in body else body


class NewerLog:
    """The log as the newer version reads and writes it. Claims, and what is cancelled, are written as ever."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def append(self, name: str, expected: int, record: bytes) -> int:
        return self._log.append(
            name, expected, newer_record(record) if name.startswith(("run/", "ledger/")) else record
        )

    def read(self, name: str, after: int = 0, most: int | None = None) -> list[bytes]:
        return [record_of(record) for record in self._log.read(name, after, most)]

    def names(self, prefix: str) -> list[str]:
        return self._log.names(prefix)
