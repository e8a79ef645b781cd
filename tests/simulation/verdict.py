"""What must hold of a world that has come to rest."""

from __future__ import annotations

import msgspec
from econda_edsl.plan import AnyNode, Subpipeline
from econda_edsl.plan.nodes import all_nodes

from econda_cloud.run.calls import MAX_LOSSES
from econda_cloud.run.state import RunState
from econda_cloud.schedule.broker_history import broker_history
from econda_cloud.schedule.run_history import RunHistory
from econda_cloud.wire.keys import run_prefix, status_key
from econda_cloud.worker.data.operator_state import COMMITS_REMEMBERED, OperatorState
from tests.simulation.balance import balanced
from tests.simulation.line import NAMESPACE, Line
from tests.simulation.poison import check_buried
from tests.simulation.reference import calm_outcome
from tests.simulation.scene import Scene
from tests.simulation.versions import NewerLog
from tests.simulation.warm import TEAM
from tests.simulation.witness import RunWitness, digest, require


def judged(scene: Scene) -> Line:
    """Play a scene and judge how it ended. Raises whatever is wrong, an `AssertionError` for what must not be."""
    return judge(Line(scene))


def judge(line: Line) -> Line:
    """As `judged`, of a world that has not been played yet."""
    line.play()
    for run in line.programs:
        _ended_well(line, run)
    _books(line)
    _states(line)
    check_buried(line)
    spent = sum(seen.state.spent for seen in line.witness.runs.values() if seen.state is not None)
    balanced(line.accounts, line.cloud.bill, spent)
    return line


def _states(line: Line) -> None:
    """Each instance has changed an operator's state once at most, and none was lost on the way."""
    for task in {name for program in line.programs.values() for name in program.natures}:
        kept = OperatorState(line.blobs, NAMESPACE, task, "").read()
        listed = len(kept.commits) == min(kept.version, COMMITS_REMEMBERED)
        once = listed and kept.version == kept.values.get("seen", 0)
        require(
            once, f"the state of {task} is {kept.values} in version {kept.version}, {sorted(kept.commits)} committed"
        )


def _books(line: Line) -> None:
    """The broker lends nothing when all runs have ended, and its log says the same to whoever reads it."""
    broker = line.witness.broker
    require(not broker.state.runs, f"the broker still knows {broker.state.runs}")
    require(not broker.state.waiting, f"in the broker still waits {broker.state.waiting}")
    if not broker.state.seq:
        return
    cold = broker_history(NewerLog(line.log), TEAM, snapshots=line.blobs, every=line.snapshot_every)
    require(digest(cold.refresh()) == broker.digests[-1], "a snapshot and the tail give another broker")
    whole = broker_history(NewerLog(line.log), TEAM)
    require(digest(whole.refresh()) == broker.digests[-1], "the broker's log folds to another state")


def _ended_well(line: Line, run: str) -> None:
    seen = line.witness.runs[run]
    state = seen.state
    require(state is not None, f"{run} was never started")
    assert state is not None
    require(state.outcome is not None, f"{run} never ended: {sorted(state.chunks)} are open, {state.timers[:3]} due")
    require(state.committed == 0 or not state.chunks, f"{run} has ended and {state.committed} is committed")
    faults = line.scene.faults
    require(
        not seen.chunk_refused or faults.refuse > 0 or faults.deploy > 0, f"{run} was refused by a pool that takes all"
    )
    require(not seen.broken or run == line.poisoned, f"{run} was ended as broken: {state.outcome.error}")
    _same_again(line, run, seen)
    _same_as_on_a_calm_day(line, run, seen, state)
    status = msgspec.json.decode(line.blobs.get(status_key(NAMESPACE, run)))
    assert state.outcome is not None
    require(status["state"] == state.outcome.state, f"status.json says {status['state']}, {run} {state.outcome.state}")
    if state.outcome.outputs:
        require(line.blobs.exists(f"{run_prefix(NAMESPACE, run)}/outputs.json"), f"{run} published no outputs")


def _same_again(line: Line, run: str, seen: RunWitness) -> None:
    """The log alone, and a snapshot with the tail, give what was."""
    plan = line.programs[run].plan
    cold = RunHistory(NewerLog(line.log), lambda *_: plan, run, line.blobs, line.snapshot_every)
    require(digest(cold.refresh()) == digest(seen.state), f"a snapshot and the tail of {run} give another state")
    whole = RunHistory(NewerLog(line.log), lambda *_: plan, run)
    require(digest(whole.refresh()) == digest(seen.state), f"the log of {run} folds to another state")


def _is_limited(body: tuple[AnyNode, ...]) -> bool:
    """Whether a pipeline that runs as a step may fail for want of money or time."""
    steps = (node for node in all_nodes(body) if isinstance(node, Subpipeline))
    return any(step.budget_micros is not None or step.deadline_ms is not None for step in steps)


def _same_as_on_a_calm_day(line: Line, run: str, seen: RunWitness, state: RunState) -> None:
    """Bad days cost time and money, but change no result; those that the user or the plan asked for may."""
    assert state.outcome is not None
    asked_for = state.outcome.state == "cancelled" or state.outcome.error.startswith(("budget:", "deadline:"))
    asked_for = asked_for or _is_limited(line.programs[run].plan.body)
    if asked_for or seen.refused or seen.broken or seen.most_attempts > MAX_LOSSES:
        return
    calm = calm_outcome(line.programs[run], run, line.params[run])
    if calm.error.startswith(("budget:", "deadline:")):
        # Bad days may also be lucky ones: other chunks, another pool, and the run is in time or cheap enough.
        return
    same = (calm.state, calm.outputs) == (state.outcome.state, state.outcome.outputs)
    require(same, f"{run} came to {state.outcome}, on a calm day it comes to {calm}")
