"""`econda why`: where an instance was placed or what it waits for, how full that is, and what spoke against the other offers."""

from __future__ import annotations

from typing import Any

from econda_adapters.clock import now_ms

from econda_cloud.cli.options import InstanceName, Json, RunName, TeamName
from econda_cloud.cli.output import NOT_FOUND, print_json, stop
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.room import Now, heard_data, lent_words, lines_of, named, now_of, offers_of
from econda_cloud.cli.runs.stores import Found
from econda_cloud.cli.runs.times import duration, moment
from econda_cloud.money.amounts import format_usd
from econda_cloud.record.instances import Attempt, instances_of
from econda_cloud.record.not_begun import skipped_as, waits_for
from econda_cloud.record.waits import Wait, group_of, waits_of
from econda_cloud.run.state import RunState
from econda_cloud.schedule.stored_plans import stored_plan


def why(name: RunName, instance: InstanceName, team: TeamName = None, json: Json = False) -> None:
    """Say why an instance was placed where it was, waits, or was skipped. Example: econda why last sweep/trials[3]/tried"""
    found = find_run(name, team)
    table, state = instances_of(found.entries), found.state()
    attempt = table[instance].attempts[-1] if instance in table else None
    said, reason = (attempt.state, attempt.message) if attempt is not None else _without_attempt(found, state, instance)
    now = now_of(found, state, instance) if state.outcome is None else None
    plan = stored_plan(found.store.blobs, found.namespace, found.run)
    # A log of many records is folded for it, which what was skipped has no need of.
    waits = waits_of(plan, found.entries, instance) if attempt is not None or said == "waiting" else []
    if json:
        print_json({**_about(instance, attempt, said, reason), **_standing(waits, now)})
        return
    if attempt is not None:
        _print(instance, attempt)
    else:
        print(f"{instance}: {said}{': ' if reason else ''}{reason}")
    here = found.store.team is None
    for wait in waits:
        _print_wait(wait, len(waits), here=here)
    if now is not None:
        print("now:")
        if now.behind:
            print(f"  in its slot these run before it: {named(now.behind)}")
        for line in lines_of(now.heard, here=here):
            print(f"  {line}")
        if not here and now.lent_to:
            print(f"  {lent_words(now)}")


def _without_attempt(found: Found, state: RunState, instance: str) -> tuple[str, str]:
    """State of an instance that was never placed, and the reason. Ends the command if there is no such instance."""
    if (name := skipped_as(state, instance)) is not None:
        return "skipped", state.skipped[name]
    if group_of(state, instance) is not None:
        return "waiting", "it is ready, and has no place yet"
    plan = stored_plan(found.store.blobs, found.namespace, found.run)
    if state.outcome is None and (reason := waits_for(plan, state, instance)):
        return "not begun", reason
    more = state.counts.skipped - len(state.skipped)
    or_skipped = f", or is one of {more:,} more that were skipped" if more > 0 else ""
    return stop(
        f"error: {instance} was never placed{or_skipped}; `econda show {found.run}` lists the instances", NOT_FOUND
    )


def _about(instance: str, attempt: Attempt | None, said: str, reason: str) -> dict[str, Any]:
    verdicts = attempt.verdicts if attempt is not None else ()
    return {
        "instance": instance,
        "attempt": attempt.attempt if attempt is not None else 0,
        "pool": attempt.pool if attempt is not None else "",
        "offers": [{"offer": v.offer, "score": v.score, "cost": v.cost, "refused": v.refused, "chosen": v.chosen} for v in verdicts],
        "state": said,
        "message": reason,
        "not_reused": attempt.not_reused if attempt is not None else "",
    }  # fmt: skip


def _standing(waits: list[Wait], now: Now | None) -> dict[str, Any]:
    return {
        "waits": [
            {"attempt": wait.attempt, "since_ms": wait.since_ms, "until_ms": wait.until_ms or None,
             "heard": [heard_data(each) for each in wait.heard]}
            for wait in waits
        ],
        "now": offers_of(now.heard) if now is not None else [],
        "behind": list(now.behind) if now is not None else [],
        "held_by": list(now.heard.holders) if now is not None else [],
        "lent_to": dict(now.lent_to) if now is not None else {},
    }  # fmt: skip


def _print(instance: str, attempt: Attempt) -> None:
    where = f"reused {attempt.message}" if attempt.state == "reused" else attempt.pool or "not placed"
    print(f"{instance}, attempt {attempt.attempt}: {where}")
    if attempt.not_reused:
        print(f"  no earlier result could be used: {attempt.not_reused}")
    for verdict in attempt.verdicts:
        if verdict.refused:
            reason = f"refused: {verdict.refused}"
        else:
            reason = f"score {format_usd(verdict.score or 0)}, expected cost {format_usd(verdict.cost or 0)}"
        print(f"  {verdict.offer}: {'chosen, ' if verdict.chosen else ''}{reason}")


def _print_wait(wait: Wait, waits: int, *, here: bool) -> None:
    """Nothing of one that got its place before the broker had to say that there was none."""
    if wait.until_ms and not wait.heard:
        return
    which = f"attempt {wait.attempt} " if waits > 1 else ""
    if wait.until_ms:
        said = f"waited {duration(wait.until_ms - wait.since_ms)} for a place"
    else:
        said = f"has waited for a place since {moment(wait.since_ms)}, for {duration(now_ms() - wait.since_ms)}"
    print(f"  {which}{said}")
    for heard in wait.heard:
        print(f"  at {moment(heard.at_ms)}:")
        for line in lines_of(heard, here=here):
            print(f"    {line}")
