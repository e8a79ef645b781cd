"""What always holds of a run, checked after every step by tests and the simulator."""

from __future__ import annotations

from econda_edsl.plan import Plan

from econda_cloud.run.active import active_calls
from econda_cloud.run.blocks import program_of
from econda_cloud.run.paths import environment_instance, instance_prefix
from econda_cloud.run.state import RunState, TimerKind
from econda_cloud.wire.broken import Broken


def check(plan: Plan, state: RunState) -> None:
    """Raises `Broken`."""
    _require(state.spent >= 0 and state.committed >= 0, f"money is negative: {state.spent}, {state.committed}")
    _slots(state)
    if state.outcome is not None:
        _require(state.root is None and not state.chunks, "a finished run holds frames or chunks")
        _require(not state.groups and not state.used and not state.committed, "a finished run wants or holds something")
        return
    for key, stop in state.stopping.items():
        held = stop.chunk in state.chunks and stop.item in state.chunks[stop.chunk].open
        _require(held, f"{key} is waited for, but no chunk holds it")
    _require(state.root is not None, "a live run has no frames")
    if state.root is None or state.ending is not None:
        return
    _calls(plan, state)


def _slots(state: RunState) -> None:
    used: dict[str, int] = {}
    for chunk in state.chunks.values():
        used[chunk.grant] = used.get(chunk.grant, 0) + chunk.slots
    _require(used == state.used, f"chunks use {used}, but {state.used} is said to be used")


def _calls(plan: Plan, state: RunState) -> None:
    held = {item for chunk in state.chunks.values() for item in chunk.open}
    ready = {item for group in state.groups.values() for item in group.items.items()}
    waiting = {name for preparation in state.preparations.values() for name in preparation.waiting}
    timers = {(name, attempt) for _, kind, name, attempt in state.timers if kind == TimerKind.BACK_OFF}
    prefix, live = instance_prefix(plan.name, state.handling), 0
    placed, wanted = {stop.item for stop in state.stopping.values()}, set()
    for key, preparation in state.preparations.items():
        if preparation.call is not None:
            item = (environment_instance(plan.name, key), preparation.call.attempt)
            placed |= {item} if preparation.call.phase == "placed" else set()
            wanted |= {item} if preparation.call.phase == "ready" else set()
    assert state.root is not None
    for places, call in active_calls(program_of(plan).block(state.handling), state.root, []):
        live += 1
        name = "/".join([prefix, *[p.node.id + (f"[{p.member}]" if p.member is not None else "") for p in places]])
        item = (name, call.attempt)
        match call.phase:
            case "placed":
                _require(item in held, f"{name} is placed but in no chunk")
                placed.add(item)
            case "ready":
                wanted.add(item)
            case "preparing":
                _require(name in waiting, f"{name} is preparing but no environment knows")
            case "backing_off":
                _require(item in timers, f"{name} backs off without a timer")
            case "looking":
                joined = any(item in leading.waiting for leading in state.leading.values())
                _require(name in state.looking or joined, f"{name} looks for a result, but nobody is asked")
    _require(held <= placed, f"chunks hold attempts that nobody runs: {sorted(held - placed)[:3]}")
    _require(ready == wanted, f"ready are {sorted(ready ^ wanted)[:3]}, in the groups or in the tree but not in both")
    building = any(preparation.call is not None for preparation in state.preparations.values())
    _require(live > 0 or building, "a live run has nothing to wait for")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise Broken(message)
