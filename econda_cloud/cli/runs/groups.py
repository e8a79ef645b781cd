"""Instances of a run that are shown: chosen by state and task, and those of one step together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from econda_edsl.plan import Plan

from econda_cloud.money.amounts import format_usd
from econda_cloud.record.instances import Instance
from econda_cloud.run.downstream import tasks_of
from econda_cloud.run.paths import step_path

BAD = frozenset({"failed", "timed_out", "out_of_memory", "bad_output", "lost", "refused"})
"""States of instances that have failed."""


def chosen(
    table: dict[str, Instance], plan: Plan | None, *, state: str | None, task: str | None, failed: bool
) -> list[Instance]:
    """Instances in this state and of this task (see `of_task`); `failed`: only those that have."""
    rows = of_task(table, plan, task) if task is not None else list(table.values())
    return [
        row
        for row in rows
        if (not failed or row.state in BAD) and (state is None or state in (row.state, shown_state(row, frozenset())))
    ]


def of_task(table: dict[str, Instance], plan: Plan | None, name: str) -> list[Instance]:
    """Instances that `name` means: one by its name, else those of a task or step, below a step, or of a pattern with `*`."""
    if name in table:
        return [table[name]]
    tasks = tasks_of(plan) if plan is not None else {}
    return [row for row in table.values() if _means(name, row.instance, tasks.get(step_path(row.instance), ""))]


def _means(name: str, instance: str, task: str) -> bool:
    step = step_path(instance)
    if "*" in name:
        # A star stands for what comes in brackets too, and they for themselves.
        pattern = name.replace("[", "[[]")
        return fnmatchcase(instance, pattern) or fnmatchcase(step, pattern)
    below = (f"{instance}/".startswith(f"{name}/"), f"{step}/".startswith(f"{name}/"))
    return name in (task, step) or any(below) or f"/{step}/".endswith(f"/{name}/")


@dataclass
class Group:
    """Instances of one step. Times in ms, `cost` in nano-dollars, None if none is known."""

    step: str
    rows: list[Instance] = field(default_factory=list)
    skipped: int = 0

    @property
    def name(self) -> str:
        """The instance's own if there is one only; else the step's, with `*` for the places in fans."""
        if len(self.rows) == 1 and not self.skipped:
            return self.rows[0].instance
        return self.step

    def states(self, running: frozenset[str]) -> str:
        counts = Counter(shown_state(row, running) for row in self.rows)
        counts["skipped"] += self.skipped
        if counts.total() == 1:
            return next(iter(+counts))
        bad_first = sorted((+counts).items(), key=lambda each: (each[0] not in BAD, -each[1], each[0]))
        return ", ".join(f"{number} {state}" for state, number in bad_first)

    def times(self) -> list[int]:
        """How long the last attempts lasted, the shortest and the longest."""
        lasted = [lasted_ms(row) for row in self.rows]
        known = sorted(each for each in lasted if each is not None)
        return [known[0], known[-1]] if known else []

    def pools(self) -> str:
        return ", ".join(sorted({row.attempts[-1].pool for row in self.rows} - {""}))

    def attempts(self) -> int:
        return sum(len(row.attempts) for row in self.rows)

    def price(self) -> str:
        return price_of(self.rows)


def folded(rows: Iterable[Instance], skipped: Iterable[str]) -> list[Group]:
    """One group per step, in the order in which they came."""
    groups: dict[str, Group] = {}
    for row in rows:
        name = _starred(row.instance)
        groups.setdefault(name, Group(name)).rows.append(row)
    for instance in skipped:
        name = _starred(instance)
        groups.setdefault(name, Group(name)).skipped += 1
    return list(groups.values())


def shown_state(row: Instance, running: frozenset[str]) -> str:
    """As people call it: `running` if it is known to, `cancelled` if it was told to stop."""
    if row.state == "placed" and row.instance in running:
        return "running"
    last = row.attempts[-1]
    return "cancelled" if (last.state, last.message) == ("preempted", "cancelled") else row.state


def lasted_ms(row: Instance) -> int | None:
    last = row.attempts[-1]
    return last.ended_ms - last.started_ms if last.ended_ms else None


def price_of(rows: Sequence[Instance]) -> str:
    costs = [attempt.cost for row in rows for attempt in row.attempts if attempt.cost is not None]
    return format_usd(sum(costs)) if costs else ""


def _starred(instance: str) -> str:
    out = []
    for part in instance.split("/"):
        name, bracket, _ = part.partition("[")
        out.append(f"{name}[*]" if bracket else name)
    return "/".join(out)
