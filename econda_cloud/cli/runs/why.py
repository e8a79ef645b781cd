"""`econda why`: where an instance was placed, and what spoke against the other offers."""

from __future__ import annotations

from econda_cloud.cli.options import InstanceName, Json, RunName, TeamName
from econda_cloud.cli.output import NOT_FOUND, print_json, stop
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.room import rooms, waits
from econda_cloud.cli.runs.stores import Found
from econda_cloud.money.amounts import format_usd
from econda_cloud.record.instances import Attempt, instances_of
from econda_cloud.run.state import RunState


def why(name: RunName, instance: InstanceName, team: TeamName = None, json: Json = False) -> None:
    """Say why an instance was placed where it was, waits, or was skipped. Example: econda why last sweep/trials[3]/tried"""
    found = find_run(name, team)
    table, state = instances_of(found.entries), found.state()
    now = rooms(found, state, instance) if state.outcome is None else []
    full = [{"offer": r.offer, "room": r.free, "refused": r.refused, "slots_lent": r.slots[0], "slots": r.slots[1]} for r in now]  # fmt: skip
    if instance not in table:
        said, reason = _without_attempt(found, state, instance)
        about = {
            "instance": instance,
            "attempt": 0,
            "pool": "",
            "offers": [],
            "state": said,
            "message": reason,
            "now": full,
        }
        print_json(about) if json else print(f"{instance}: {said}{': ' if reason else ''}{reason}")
    else:
        attempt = table[instance].attempts[-1]
        if json:
            verdicts = [{"offer": v.offer, "score": v.score, "cost": v.cost, "refused": v.refused, "chosen": v.chosen} for v in attempt.verdicts]  # fmt: skip
            print_json({"instance": instance, "attempt": attempt.attempt, "pool": attempt.pool, "offers": verdicts,
                        "state": attempt.state, "message": attempt.message, "not_reused": attempt.not_reused,
                        "now": full})  # fmt: skip
        else:
            _print(instance, attempt)
    if now and not json:
        print("now:")
        for room in now:
            print(f"  {room.offer}: {room.words()}")


def _without_attempt(found: Found, state: RunState, instance: str) -> tuple[str, str]:
    """State of an instance that was never placed, and the reason. Ends the command if there is no such instance."""
    if instance in state.skipped:
        return "skipped", state.skipped[instance]
    if not waits(state, instance):
        stop(f"error: {instance} was never placed; `econda show {found.run}` lists the instances", NOT_FOUND)
    return "waiting", "it is ready, and has no place yet"


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
