"""Where embedded runs live: one folder with the log, the index of runs, the blobs and scratch space."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from econda_edsl.plan import Plan

from econda_adapters.embedded.directory_blobs import DirectoryBlobs
from econda_adapters.embedded.sqlite_log import SqliteLog
from econda_adapters.embedded.sqlite_run_index import SqliteRunIndex
from econda_cloud.schedule.stored_plans import stored_plan

NAMESPACE = "local"


@dataclass
class Home:
    """`root` is made if it is not there. Raises `OSError`, `sqlite3.Error` for a folder that cannot be used."""

    root: Path
    log: SqliteLog = field(init=False)
    runs: SqliteRunIndex = field(init=False)
    blobs: DirectoryBlobs = field(init=False)

    def __post_init__(self) -> None:
        self.log = SqliteLog(self.root / "log.sqlite")
        self.runs = SqliteRunIndex(self.root / "log.sqlite")
        self.blobs = DirectoryBlobs(self.root / "blobs")

    @property
    def scratch(self) -> Path:
        """Logs, work directories and fetched files."""
        return self.root / "scratch"

    def plan(self, run: str) -> Plan:
        """Raises `NoPlan` for a run that is not here."""
        return stored_plan(self.blobs, NAMESPACE, run)
