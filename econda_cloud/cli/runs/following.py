"""Carrying a run on, or doing again only what has to be done: `econda run --resume` and `econda rerun`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from econda_adapters.embedded.holding import RunBusy, holding
from econda_adapters.embedded.runner import NOBODY, Follow, Home
from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.plan import Plan

from econda_cloud.cli.language.file_runs import runs_of
from econda_cloud.cli.output import FAILED, USAGE, stop
from econda_cloud.cli.runs.finding import find_run, first_begun, last_of_plan
from econda_cloud.cli.runs.places import home_folder, user_name
from econda_cloud.cli.runs.stores import Found, Store, embedded
from econda_cloud.record.results import results_of
from econda_cloud.run.downstream import steps_from, steps_of
from econda_cloud.run.state import RunState
from econda_cloud.schedule.stored_plans import stored_plan
from econda_cloud.submission.again import Again
from econda_cloud.wire.keys import plan_key


@dataclass(frozen=True)
class CarryOn:
    """An interrupted run that goes on under its own name."""

    run: str


def resumed(home: Home, file: Path, plan: Plan, params: dict[str, Any]) -> CarryOn | Follow:
    """What `--resume` means for this plan: the last run of its file goes on, if it was interrupted and nothing has
    changed; else a new run uses its results, if there was one. Ends the command if that run still goes on.
    """
    found = _before(embedded(), home.root, file, plan)
    if found is None:
        typer.echo(f"note: {plan.name} of {file} never ran on this machine; it begins anew", err=True)
        return NOBODY
    _stop_if_held(home, found.run)
    state, before = found.state(), home.plan(found.run)
    decided = state.decided or state.ending
    cancelled = decided is not None and decided.state == "cancelled"
    if state.outcome is None and not cancelled and _same(before, plan) and state.params == params:
        typer.echo(f"{found.run} goes on: {state.counts.succeeded} instances are done", err=True)
        return CarryOn(found.run)
    return _follow(found, before)


def _before(store: Store, notes: Path, file: Path, plan: Plan) -> Found | None:
    """The run that began last from this file, or else by the same plan: the file may have been moved."""
    return first_begun(store, runs_of(notes, file, plan.name)) or last_of_plan(store, plan.name, plan.digest)


def resumed_on_stack(store: Store, file: Path, plan: Plan, namespace: str) -> Follow:
    """The run of this file on a stack that a new one follows, or nobody. Ends the command if it still goes on."""
    from econda_adapters.aws.deployed import team_folder

    assert store.team is not None
    found = _before(store, team_folder(home_folder(), store.team.stack.team), file, plan)
    if found is None or found.namespace != namespace:
        typer.echo(
            f"note: {plan.name} of {file} was never submitted from here to {store.name}; it begins anew", err=True
        )
        return NOBODY
    _stop_if_going_on(found)
    return _follow(found, stored_plan(store.blobs, found.namespace, found.run))


def rerun_of(home: Home, found: Found, step: str | None) -> tuple[Plan, dict[str, Any], CarryOn | Follow]:
    """Plan and parameters of a run, and how it is done again: from a step on, if one is named, or what it did not do.

    One that was interrupted goes on itself, so that its checkpoints are used. Ends the command if the run still goes on,
    or its plan has no such step.
    """
    _stop_if_held(home, found.run)
    plan, state = home.plan(found.run), found.state()
    decided = state.decided or state.ending
    if step is None and state.outcome is None and (decided is None or decided.state != "cancelled"):
        typer.echo(f"{found.run} goes on: {state.counts.succeeded} instances are done", err=True)
        return plan, state.params, CarryOn(found.run)
    return plan, state.params, _follow(found, plan, _fresh_steps(plan, step), state.bundle)


def rerun_on_stack(found: Found, step: str | None) -> Found:
    """The new run that does a run of a stack again, from a step on, if one is named, or what it did not do.

    Ends the command if the run still goes on, or its plan has no such step.
    """
    team, blobs = found.store.team, found.store.blobs
    assert team is not None
    state = _stop_if_going_on(found)
    plan = stored_plan(blobs, state.namespace, found.run)
    before = _follow(found, plan, _fresh_steps(plan, step))
    again_as = Again(plan, state.namespace, state.params, before.run, before.results, before.fresh, bundle=state.bundle)
    return start_again(found.store, again_as)


def start_again(store: Store, what: Again) -> Found:
    """Start a run on a stack that uses the results of an earlier one; the new run."""
    from econda_cloud.cli.stack.submissions import note_submission
    from econda_cloud.schedule.messages import write_message
    from econda_cloud.submission.again import again
    from econda_cloud.submission.uploads import Upload

    team = store.team
    assert team is not None
    run = f"{what.plan.name}-{secrets.token_hex(5)}"
    event = again(store.blobs, what, run=run, seed=secrets.randbits(32), user=user_name())
    team.events.send([write_message(run, [event], store.blobs)], group=run)
    begins = Upload(team.stack.bucket, plan_key(what.namespace, run), "")
    note_submission(home_folder(), team, run, what.namespace, begins)
    return find_run(run, None, [store])


def _stop_if_going_on(found: Found) -> RunState:
    """The state of a run of a stack that has ended. Ends the command if it has not."""
    state = found.state()
    if state.outcome is None:
        stop(
            f"error: {found.run} still goes on; `econda watch {found.run}` follows it, `econda cancel` ends it", FAILED
        )
    return state


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
    return (one.digest, _reached(one), one.environments) == (other.digest, _reached(other), other.environments)


def _reached(plan: Plan) -> dict[str, str]:
    """The code files that some task can reach, with their hashes."""
    if any(task.reach is None for task in plan.tasks.values()):
        return plan.code
    return {path: plan.code[path] for task in plan.tasks.values() for path in task.reach or ()}
