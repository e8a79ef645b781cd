"""The log on SQLite: one row per record; the primary key is the conditional append."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from econda_cloud.ports.log import Conflict, check_whole


class SqliteLog:
    """A log in one file, safe between threads and processes. Raises `sqlite3.OperationalError` for a full disk."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        # WAL with NORMAL never loses consistency; a power cut may lose the last records, whose work is then redone.
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.execute(
            "create table if not exists log (name text, seq integer, record blob not null, primary key (name, seq))"
            " without rowid"
        )

    def append(self, name: str, expected: int, record: bytes) -> int:
        # One statement, so the check for a gap and the insert cannot be parted.
        statement = (
            "insert into log select ?, ?, ? where ? = 0 or exists (select 1 from log where name = ? and seq = ?)"
        )
        try:
            done = self._db.execute(statement, (name, expected + 1, record, expected, name, expected))
        except sqlite3.IntegrityError as error:
            raise Conflict(f"{name}: record {expected + 1} exists") from error
        if done.rowcount != 1:
            raise Conflict(f"{name}: record {expected} does not exist")
        return expected + 1

    def read(self, name: str, after: int = 0, most: int | None = None) -> list[bytes]:
        statement = "select record, seq from log where name = ? and seq > ? order by seq limit ?"
        rows = self._db.execute(statement, (name, after, -1 if most is None else most)).fetchall()
        check_whole(name, after, [row[1] for row in rows])
        return [row[0] for row in rows]

    def names(self, prefix: str) -> list[str]:
        rows = self._db.execute(
            "select distinct name from log where substr(name, 1, ?) = ? order by name", (len(prefix), prefix)
        )
        return [row[0] for row in rows]

    def remove(self, name: str) -> None:
        """Remove a log with all its records."""
        self._db.execute("delete from log where name = ?", (name,))

    def compact(self) -> None:
        """Give the room of what was removed back to the disk, where nobody else writes."""
        with contextlib.suppress(sqlite3.OperationalError):
            self._db.execute("vacuum")

    def close(self) -> None:
        self._db.close()
