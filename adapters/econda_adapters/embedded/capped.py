"""What tasks need, held to what one machine has: a pipeline that is made for a cluster runs on a laptop, more slowly."""

from __future__ import annotations

from typing import Any

import msgspec
from econda_edsl.evaluate.text import show
from econda_edsl.plan import Plan

from econda_cloud.wire.pools import Pool

_GIB = 2**30
_SHOWN = {"cpu": "Float", "memory": "Size", "gpu": "Int"}


def capped(plan: Plan, machine: Pool) -> tuple[Plan, list[str]]:
    """The plan with no need beyond the machine's first offer, and what is to be said of it, a line for each need.

    Its digest stays: results do not depend on needs. A need that is computed in the run is held to the same.
    """
    node = machine.offers[0].node
    # In whole GiB, where there are some, because it is told.
    memory = node.memory // _GIB * _GIB if node.memory >= 4 * _GIB else node.memory
    most = {"cpu": node.cpu_milli // 1000, "memory": memory, "gpu": node.gpu}
    data, said = msgspec.to_builtins(plan), list[str]()
    held = [_hold(task.get("needs", {}), most, f"`{name}`", said) for name, task in data["tasks"].items()]
    held.append(_hold_steps(data, most, said))
    return (msgspec.convert(data, Plan), said) if any(held) else (plan, [])


def _hold_steps(data: Any, most: dict[str, int], said: list[str]) -> bool:
    """The needs that steps set for themselves, in blocks of any depth; whether any was held."""
    held, parts = False, list(data) if isinstance(data, list | tuple) else []
    if isinstance(data, dict):
        parts = [each for key, each in data.items() if key != "tasks"]
        if "task" in data and data.get("overrides") is not None:
            held = _hold(data["overrides"].get("needs", {}), most, f"the step `{data.get('id')}`", said)
    for each in parts:
        held = _hold_steps(each, most, said) or held
    return held


def _hold(needs: dict[str, Any], most: dict[str, int], what: str, said: list[str]) -> bool:
    """Whether any of them was, or may be in the run, beyond its limit."""
    held = False
    for name, limit in most.items():
        need = needs.get(name)
        if need is None or (set(need) == {"lit"} and need["lit"] <= limit):
            continue
        held = True
        if set(need) == {"lit"}:
            asked, has = show(need["lit"], _SHOWN[name]), show(limit, _SHOWN[name])
            said.append(f"{what} asks for {name} = {asked}; this machine has {has}, which it gets")
            needs[name] = {"lit": limit}
        else:
            needs[name] = {"cond": [{"gt": [need, {"lit": limit}]}, {"lit": limit}, need]}
    return held
