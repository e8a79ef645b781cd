"""What always holds of a run, checked after every step by tests and the simulator."""

from __future__ import annotations

from econda_edsl.plan import Plan

from econda_cloud.run.blocks import program_of
from econda_cloud.run.outbox import active_calls
from econda_cloud.run.paths import environment_instance, instance_prefix
from econda_cloud.run.state import RunState
from econda_cloud.wire.broken import Broken


def check(plan: Plan, state: RunState) -> None:
    """Raises `Broken`."""
    _require(state.spent >= 0 and state.committed >= 0, f"money is negative: {state.spent}, {state.committed}")
    if state.outcome is not None:
        _require(state.root is None and not state.chunks, "a finished run holds frames or chunks")
        return
    for key, chunk in state.stopping.items():
        instance, _, number = key.rpartition("#")
        held = chunk in state.chunks and (instance, int(number)) in state.chunks[chunk].open
        _require(held, f"{key} is waited for, but no chunk holds it")
    _require(state.root is not None, "a live run has no frames")
    if state.root is None or state.ending is not None:
        return
    held = {(instance, attempt) for chunk in state.chunks.values() for instance, attempt in chunk.open}
    waiting = {name for preparation in state.preparations.values() for name in preparation.waiting}
    timers = {(name, attempt) for _, name, attempt in state.timers}
    pipeline, live = plan.name, 0
    prefix = instance_prefix(pipeline, state.handling)
    placed = {(name, int(number)) for name, _, number in (key.rpartition("#") for key in state.stopping)}
    for key, preparation in state.preparations.items():
        if preparation.call is not None and preparation.call.phase == "placed":
            placed.add((environment_instance(pipeline, key), preparation.call.attempt))
    for places, call in active_calls(program_of(plan).block(state.handling), state.root, []):
        live += 1
        name = "/".join([prefix, *[p.node.id + (f"[{p.member}]" if p.member is not None else "") for p in places]])
        if call.phase == "placed":
            _require((name, call.attempt) in held, f"{name} is placed but in no chunk")
            placed.add((name, call.attempt))
        if call.phase == "preparing":
            _require(name in waiting, f"{name} is preparing but no environment knows")
        if call.phase == "backing_off":
            _require((name, call.attempt) in timers, f"{name} backs off without a timer")
    _require(held <= placed, f"chunks hold attempts that nobody runs: {sorted(held - placed)[:3]}")
    building = any(preparation.call is not None for preparation in state.preparations.values())
    _require(live > 0 or building, "a live run has nothing to wait for")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise Broken(message)
