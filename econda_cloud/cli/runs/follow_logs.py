"""`econda logs --follow`: what instances write, as they write it, until the run ends."""

from __future__ import annotations

import time

from econda_edsl.plan import Plan

from econda_cloud.cli.output import say
from econda_cloud.cli.runs.groups import of_task
from econda_cloud.cli.runs.growing import GrowingRun
from econda_cloud.cli.runs.logs import last_lines
from econda_cloud.cli.runs.prefixed import Printer
from econda_cloud.cli.runs.running import running
from econda_cloud.cli.runs.stores import Found
from econda_cloud.cli.runs.written import LivePieces, log_of
from econda_cloud.record.instances import Attempt, Instance
from econda_cloud.wire.keys import live_log_prefix

LOOK_S, STACK_LOOK_S = 0.25, 1.5
"""Seconds between looks at a run of this machine, and of a stack, where each costs requests."""

_MARK = 256
"""Bytes at the end of what was printed, by which the rest is found in a log from which the middle was cut."""


class _Printed:
    """How much of an attempt's log was printed."""

    def __init__(self) -> None:
        self.length, self.end = 0, b""

    def new(self, data: bytes) -> bytes:
        """What of a log, as it is now, was not printed yet."""
        if data[max(0, self.length - len(self.end)) : self.length] == self.end:
            rest = data[self.length :]
        else:
            at = data.rfind(self.end)
            rest = data[at + len(self.end) :] if at >= 0 else b"[... cut ...]\n" + data
        self.length, self.end = len(data), data[-_MARK:]
        return rest


class _Following:
    """`tail`: of what was written before anybody looked, the last so many lines of each instance."""

    def __init__(self, found: Found, task: str | None, tail: int | None) -> None:
        self.run, self._found, self._task, self._tail = GrowingRun(found), found, task, tail
        self._printed: dict[tuple[str, int], _Printed] = {}
        self._over: set[tuple[str, int]] = set()
        self._pieces: dict[tuple[str, int], LivePieces] = {}
        self._printer = Printer(prefixed=True)
        self._first = True

    def look(self, plan: Plan | None) -> None:
        self.run.look()
        table = self.run.instances.table
        rows = of_task(table, plan, self._task) if self._task else list(table.values())
        at_work = running(self._found, table)
        for row in rows:
            for attempt in row.attempts:
                self._attempt(row, attempt, at_work=row.instance in at_work)
        self._printer.partial()
        self._first = False

    def _attempt(self, row: Instance, attempt: Attempt, *, at_work: bool) -> None:
        key = (row.instance, attempt.attempt)
        if key in self._over:
            return
        ended = attempt.state not in ("waiting", "placed")
        if not (ended or at_work or (attempt.state == "placed" and self._found.store.team is not None)):
            return
        printed = self._printed.setdefault(key, _Printed())
        new = printed.new(self._data(row.instance, attempt, ended=ended)) if attempt.log or not ended else b""
        if self._first:
            new = last_lines(new, self._tail)
        if new:
            self._printer.write(row.instance, new)
        if ended:
            self._over.add(key)
            self._pieces.pop(key, None)
            self._printer.end(row.instance)

    def _data(self, instance: str, attempt: Attempt, *, ended: bool) -> bytes:
        if ended or self._found.store.team is None:
            return log_of(self._found, instance, attempt)
        prefix = live_log_prefix(self._found.namespace, self._found.run, instance, attempt.attempt)
        pieces = self._pieces.setdefault((instance, attempt.attempt), LivePieces(self._found.store.blobs, prefix))
        return pieces.look()


def follow_logs(found: Found, task: str | None, tail: int | None) -> None:
    """Print what instances write until the run has ended, or nobody carries it on any more."""
    from econda_cloud.schedule.stored_plans import stored_plan

    pause = LOOK_S if found.store.team is None else STACK_LOOK_S
    while not Found(found.store, found.run).begun:
        time.sleep(pause)
    found = Found(found.store, found.run)
    following = _Following(found, task, tail)
    plan = stored_plan(found.store.blobs, found.namespace, found.run)
    while True:
        # Asked before the look: what is written between the two is printed still.
        over = found.unfinished == "interrupted"
        following.look(plan)
        state = following.run.state
        if state is not None and state.outcome is not None:
            say(f"{found.run}: {state.outcome.state}")
            return
        if over:
            say(f"{found.run}: interrupted; nobody carries it on")
            return
        time.sleep(pause)
