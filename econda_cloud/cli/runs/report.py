"""A run as `--json` prints it, the same whichever command does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from econda_cloud.cli.output import CANCELLED, CODES, FAILED
from econda_cloud.cli.runs.summary import published_of
from econda_cloud.money.amounts import format_usd
from econda_cloud.record.instances import Instance, instances_of
from econda_cloud.run.state import RunState
from econda_cloud.wire.entries import Entry

if TYPE_CHECKING:
    from econda_edsl.plan import Plan


def run_report(
    state: RunState, entries: list[Entry], plan: Plan | None, unfinished: str = "running", **more: Any
) -> dict[str, Any]:
    """Money is in nano-dollars, times in ms since the epoch. `unfinished` is the state of a run that has not ended.
    Outputs and parameters are bare numbers, whose units `units` tells, by the plan.

    `error` is None, or `{"code", "message"}` as of a command that fails.
    """
    return report_of(state, instances_of(entries).values(), unfinished, plan, **more)


def report_of(
    state: RunState, rows: Iterable[Instance], unfinished: str, plan: Plan | None, **more: Any
) -> dict[str, Any]:
    """Like `run_report`, of these instances."""
    from econda_cloud.schedule.status import units_in

    outcome = state.outcome
    return {
        "run": state.run,
        "namespace": state.namespace,
        "state": outcome.state if outcome else unfinished,
        "error": _error(state),
        "outputs": outcome.outputs if outcome else {},
        "published": published_of(state, left=False),
        "params": state.params,
        "units": units_in(plan, state) if plan is not None else {"outputs": {}, "params": {}},
        "started_ms": state.started_ms,
        "finished_ms": state.finished_ms or None,
        "spent_nanos": state.spent,
        "skipped": state.skipped,
        "tasks": [_row(row) for row in rows],
        **more,
    }


def _error(state: RunState) -> dict[str, str] | None:
    outcome = state.outcome
    if outcome is None or outcome.state == "succeeded":
        return None
    return {"code": CODES[CANCELLED if outcome.state == "cancelled" else FAILED], "message": outcome.error}


def _row(row: Instance) -> dict[str, Any]:
    last = row.attempts[-1]
    costs = [attempt.cost for attempt in row.attempts if attempt.cost is not None]
    cost = sum(costs) if costs else None
    return {
        "instance": row.instance,
        "state": row.state,
        "pool": last.pool,
        "attempts": len(row.attempts),
        "started_ms": last.started_ms,
        "ended_ms": last.ended_ms,
        "cost_nanos": cost,
        "price": format_usd(cost) if cost is not None else None,
        "message": last.message,
        **({"not_reused": reason} if (reason := row.attempts[0].not_reused) else {}),
    }
