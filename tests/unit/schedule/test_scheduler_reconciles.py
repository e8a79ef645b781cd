"""What the broker keeps for nobody is released when a message comes again."""

from __future__ import annotations

from econda_cloud.wire.commands import AnyCommand, Release
from econda_cloud.wire.events import CancelRequested, RunStarted, TimerFired
from tests.unit.schedule.test_schedule_crashes import World, plan, run_to_the_end


def test_a_release_that_was_lost_with_its_scheduler_is_made_up_for(monkeypatch):
    world = World(plan(), 0)
    scheduler = run_to_the_end(world, ["a"])
    monkeypatch.setattr(world, "cancel", lambda *_: None)
    world.claimed = {f"b.{n}" for n in range(100)}  # Its chunks vanish in their pool.
    world.inbox.clear()
    start = RunStarted(run="b", namespace="n", plan=world.plan.digest, params={"n": 5}, seed=1)
    scheduler.take("b", [start], 20_000)
    assert scheduler._broker.state.held
    scheduler.take("b", [CancelRequested(by="ada")], 20_001)

    def without_releases(commands: list[tuple[str, AnyCommand]], now: int) -> set[str]:
        kept = [(run, each) for run, each in commands if not isinstance(each, Release)]
        return follow(kept, now)

    follow = scheduler._follow
    with monkeypatch.context() as killed:
        killed.setattr(scheduler, "_follow", without_releases)
        scheduler.take("b", [TimerFired()], 200_000)
    state = scheduler.state("b")
    assert state is not None
    assert state.outcome is not None
    assert scheduler._broker.state.held
    scheduler.repeat("b", 200_001)
    assert not scheduler._broker.state.held
