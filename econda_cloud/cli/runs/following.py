"""Carrying a run on, or doing again only what has to be done: `econda run --resume` and `econda rerun`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import typer
from econda_adapters.embedded.holding import RunBusy, holding
from econda_adapters.embedded.runner import NOBODY, Follow, Home
from econda_edsl.plan import Plan
from econda_edsl.suggest import did_you_mean

from econda_cloud.cli.output import FAILED, USAGE, stop
from econda_cloud.cli.runs.finding import find_run, last_run
from econda_cloud.cli.runs.places import home_folder, user_name
from econda_cloud.cli.runs.stores import Found, embedded
from econda_cloud.record.results import results_of
from econda_cloud.run.downstream import steps_from, steps_of
from econda_cloud.schedule.stored_plans import stored_plan
from econda_cloud.wire.keys import plan_key


@dataclass(frozen=True)
class CarryOn:
    """An interrupted run that goes on under its own name."""

    run: str


def resumed(home: Home, plan: Plan, params: dict[str, Any]) -> CarryOn | Follow:
    """What `--resume` means for this plan: the last run of its pipeline goes on, if it was interrupted and nothing has
    changed; else a new run uses its results, if there was one. Ends the command if that run still goes on.
    """
    found = last_run(embedded(), plan.name)
    if found is None:
        typer.echo(f"note: {plan.name} never ran on this machine; it begins anew", err=True)
        return NOBODY
    _stop_if_held(home, found.run)
    state, before = found.state(), home.plan(found.run)
    decided = state.decided or state.ending
    cancelled = decided is not None and decided.state == "cancelled"
    if state.outcome is None and not cancelled and _same(before, plan) and state.params == params:
        typer.echo(f"{found.run} goes on: {state.counts.succeeded} instances are done", err=True)
        return CarryOn(found.run)
    return _follow(found, before)


def rerun_of(home: Home, found: Found, step: str | None) -> tuple[Plan, dict[str, Any], Follow]:
    """Plan and parameters of a run, and how it is done again: from a step on, if one is named, or what it did not do.

    Ends the command if the run still goes on, or its plan has no such step.
    """
    _stop_if_held(home, found.run)
    plan, state = home.plan(found.run), found.state()
    return plan, state.params, _follow(found, plan, _fresh_steps(plan, step), state.bundle)


def rerun_on_stack(found: Found, step: str | None) -> Found:
    """The new run that does a run of a stack again, from a step on, if one is named, or what it did not do.

    Ends the command if the run still goes on, or its plan has no such step.
    """
    from econda_cloud.cli.stack.submissions import note_submission
    from econda_cloud.schedule.messages import write_message
    from econda_cloud.submission.again import again
    from econda_cloud.submission.uploads import Upload

    team, blobs, state = found.store.team, found.store.blobs, found.state()
    assert team is not None
    if state.outcome is None:
        stop(
            f"error: {found.run} still goes on; `econda watch {found.run}` follows it, `econda cancel` ends it", FAILED
        )
    plan = stored_plan(blobs, state.namespace, found.run)
    before = _follow(found, plan, _fresh_steps(plan, step))
    run, user = f"{plan.name}-{secrets.token_hex(5)}", user_name()
    event = again(
        blobs, plan, state, before.results, run=run, seed=secrets.randbits(32), fresh=before.fresh, user=user
    )  # fmt: skip
    team.events.send([write_message(run, [event], blobs)], group=run)
    begins = Upload(team.stack.bucket, plan_key(state.namespace, run), "")
    note_submission(home_folder(), team, run, state.namespace, begins)
    return find_run(run, None, [found.store])


def _stop_if_held(home: Home, run: str) -> None:
    """End the command if another process carries the run on."""
    try:
        with holding(home.root, run):
            pass
    except RunBusy as busy:
        stop(f"error: {busy}", FAILED)


def _follow(found: Found, plan: Plan, fresh: tuple[str, ...] = (), bundle: str | None = None) -> Follow:
    """Use the results of a run, whose plan this was, where nothing has changed."""
    results = results_of(plan, found.entries)
    typer.echo(f"follows {found.run}, which has {len(results)} results", err=True)
    return Follow(found.run, results, fresh, bundle)


def _fresh_steps(plan: Plan, name: str | None) -> tuple[str, ...]:
    """The steps that run again if this one does. Ends the command if the plan has no such step."""
    if name is None:
        return ()
    steps = steps_from(plan, name)
    if not steps:
        known = steps_of(plan)
        hint = did_you_mean(name, [*known, *(path.rpartition("/")[2] for path in known), *plan.tasks])
        stop(f"error: {plan.name} has no step or task `{name}`; {hint or 'it has ' + ', '.join(known[:8])}", USAGE)
    return tuple(steps)


def _same(one: Plan, other: Plan) -> bool:
    """Whether a run of one plan can go on under the other: all that makes a difference is equal."""
    return (one.digest, one.code, one.environments) == (other.digest, other.code, other.environments)
