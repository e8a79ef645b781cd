"""The index of runs on SQLite, in the file of the log."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from econda_cloud.ports.run_index import IndexedRun

DIGITS = 34
"""Positions are longer than SQLite's numbers, so they are kept as text of one length."""


class SqliteRunIndex:
    """Safe between threads and processes. Raises `sqlite3.OperationalError` for a full disk."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self._db.execute("pragma synchronous = normal")
        self._db.execute(
            "create table if not exists runs (namespace text, position text, run text not null,"
            " started_ms integer not null, primary key (namespace, position)) without rowid"
        )

    def add(self, run: IndexedRun) -> None:
        row = (run.namespace, _text(run.position), run.run, run.started_ms)
        self._db.execute("insert or ignore into runs values (?, ?, ?, ?)", row)

    def oldest_ms(self) -> int | None:
        """When the oldest run began, in ms since the epoch; None if there is none."""
        return self._db.execute("select min(started_ms) from runs").fetchone()[0]

    def remove(self, run: IndexedRun) -> None:
        self._db.execute("delete from runs where namespace = ? and position = ?", (run.namespace, _text(run.position)))

    def namespaces(self) -> list[str]:
        # Of all names only the next one, again and again: `select distinct` would go through every run.
        statement = (
            "with recursive names(name) as (select min(namespace) from runs union all"
            " select (select min(namespace) from runs where namespace > name) from names where name is not null)"
            " select name from names where name is not null"
        )
        return [row[0] for row in self._db.execute(statement)]

    def newest(self, namespace: str, limit: int, before: int | None = None) -> list[IndexedRun]:
        rows = self._db.execute(
            "select namespace, run, started_ms from runs where namespace = ? and position < ?"
            " order by position desc limit ?",
            (namespace, "~" if before is None else _text(before), limit),
        )
        return [IndexedRun(*row) for row in rows]

    def close(self) -> None:
        self._db.close()


def _text(position: int) -> str:
    return str(position).zfill(DIGITS)
