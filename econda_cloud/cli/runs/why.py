"""`econda why`: where an instance was placed, and what spoke against the other offers."""

from __future__ import annotations

from econda_cloud.cli.options import InstanceName, Json, RunName, TeamName
from econda_cloud.cli.output import NOT_FOUND, print_json, stop
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.stores import Found
from econda_cloud.money.amounts import format_usd
from econda_cloud.record.instances import Attempt, instances_of


def why(name: RunName, instance: InstanceName, team: TeamName = None, json: Json = False) -> None:
    """Say why an instance was placed where it was, or why it was skipped. Example: econda why last sweep/trials[3]/tried"""
    found = find_run(name, team)
    attempt = _last_attempt(found, instance)
    if attempt is None:
        reason = found.state().skipped[instance]
        said = {"instance": instance, "attempt": 0, "pool": "", "offers": [], "state": "skipped", "message": reason}
        print_json(said) if json else print(f"{instance}: skipped: {reason}")
    elif json:
        verdicts = [{"offer": v.offer, "score": v.score, "cost": v.cost, "refused": v.refused, "chosen": v.chosen} for v in attempt.verdicts]  # fmt: skip
        print_json({"instance": instance, "attempt": attempt.attempt, "pool": attempt.pool, "offers": verdicts,
                    "state": attempt.state, "message": attempt.message, "not_reused": attempt.not_reused})  # fmt: skip
    else:
        _print(instance, attempt)


def _last_attempt(found: Found, instance: str) -> Attempt | None:
    """None for an instance that was skipped. Ends the command if it is none."""
    table = instances_of(found.entries)
    if instance in table:
        return table[instance].attempts[-1]
    if instance not in found.state().skipped:
        stop(f"error: {instance} was never placed; `econda show {found.run}` lists the instances", NOT_FOUND)
    return None


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
