"""A run whose log is read as it grows: its state and its instances, each record folded once."""

from __future__ import annotations

from econda_cloud.cli.runs.stores import Found
from econda_cloud.record.instances import InstanceTable
from econda_cloud.run.advance import apply
from econda_cloud.run.state import RunState
from econda_cloud.schedule.run_history import run_log
from econda_cloud.schedule.stored_plans import stored_plan
from econda_cloud.wire.entries import decode_entry


class GrowingRun:
    """`state` is None as long as the run has not begun. Raises `NoPlan` for one whose plan is gone."""

    def __init__(self, found: Found) -> None:
        self.found, self.state = found, None
        self.instances = InstanceTable()
        self._plan, self._read = None, 0
        self.state: RunState | None

    def look(self) -> bool:
        """Read what is new; whether anything was."""
        store = self.found.store
        records = store.log.read(run_log(self.found.run), self._read)
        for record in records:
            entry = decode_entry(record)
            if self._plan is None:
                self._plan = stored_plan(store.blobs, self.found.namespace, self.found.run)
            self.state = apply(self._plan, self.state, entry)
            self.instances.add(entry)
        self._read += len(records)
        return bool(records)
