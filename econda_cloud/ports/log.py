"""The log: an append-only list of small records per name, with one logical writer.

`append` succeeds only if nobody appended in between, so that many concurrent functions stay one writer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Conflict(Exception):
    """Somebody else appended to the log since it was read. `there`: the record that has the number, if it is known."""

    def __init__(self, message: str, there: bytes | None = None) -> None:
        super().__init__(message)
        self.there = there


class Damaged(Exception):
    """A record is missing in the middle of a log."""


class Log(Protocol):
    """Names are free text such as `run/digits-1a2b`. Sequence numbers count records from 1."""

    def append(self, name: str, expected: int, record: bytes) -> int:
        """Append as number `expected + 1` and return that number. Raises `Conflict` if it exists already.

        `expected` is a number the caller has read or written, or 0: a log may, but need not, refuse an invented one.
        """
        ...

    def read(self, name: str, after: int = 0, most: int | None = None) -> list[bytes]:
        """Records with numbers above `after`, in order, the first `most` of them. Raises `Damaged` if one is missing."""
        ...

    def names(self, prefix: str) -> list[str]:
        """Names of logs with this prefix that hold a record, sorted."""
        ...


def check_whole(name: str, after: int, numbers: Sequence[int]) -> None:
    """Raises `Damaged` if these numbers of records do not follow each other from `after` on."""
    if numbers and (numbers[0] != after + 1 or numbers[-1] - numbers[0] != len(numbers) - 1):
        expected = next(e for e, found in enumerate(numbers, after + 1) if e != found)
        raise Damaged(f"record {expected} of {name} is missing")


class MemoryLog:
    """The in-memory twin."""

    def __init__(self) -> None:
        self._records: dict[str, list[bytes]] = {}

    def append(self, name: str, expected: int, record: bytes) -> int:
        records = self._records.setdefault(name, [])
        if len(records) != expected:
            there = records[expected] if expected < len(records) else None
            raise Conflict(f"{name}: expected {expected} records, found {len(records)}", there)
        records.append(record)
        return expected + 1

    def read(self, name: str, after: int = 0, most: int | None = None) -> list[bytes]:
        return self._records.get(name, [])[after : None if most is None else after + most]

    def names(self, prefix: str) -> list[str]:
        return sorted(name for name, records in self._records.items() if name.startswith(prefix) and records)
