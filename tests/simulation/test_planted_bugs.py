"""The simulation is worth something only if it finds bugs: each of these is planted and must be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from econda_cloud.place import step as broker
from econda_cloud.run import calls, endings, expand, step, stopping
from tests.simulation.test_runs import FAN, PAIRS, TOLERANT, a_fails, flaky, half_fails
from tests.simulation.world import World, succeed

SEEDS = 25


def any_attempt(work: Any, item: tuple[str, int]) -> Any:
    """Planted: results of any attempt count, not only of the present one."""
    places = work.locate(item[0])
    return (places, places[-1].frame.active[places[-1].index]) if places else None


def forget_release(state: Any, run: str, item: tuple[str, int]) -> None:
    """Planted: capacity is never given back."""
    del state, run, item


def ask_once(state: Any, event: Any) -> list[Any]:
    """Planted: a request whose answer was lost in a crash is not answered again."""
    before = set(state.placed)
    ORIGINAL_ENQUEUE(state, event)
    assert set(state.placed) == before
    return []


def nothing_outstanding(plan: Any, state: Any) -> list[Any]:
    """Planted: a redelivered message repeats nothing."""
    del plan, state
    return []


def free_retry(*args: Any) -> bool:
    """Planted: every failure is retried for ever, without a timer."""
    args[2].attempt += 1
    return True


def count_twice(work: Any, places: Any, node: Any, fan: Any) -> None:
    """Planted: a fan is closed one member early."""
    fan.done += 1
    ORIGINAL_CLOSE(work, places, node, fan)
    fan.done -= 1


def leave_running(work: Any, instance: str, block: Any, frame: Any) -> None:
    """Planted: a failed member's other calls are neither stopped nor released."""
    del work, instance, block, frame


ORIGINAL_ENQUEUE: Callable[..., Any] = broker._enqueue
ORIGINAL_CLOSE: Callable[..., Any] = expand._close_fan

PLANTED = {
    "any attempt counts": (endings, "current", any_attempt),
    "capacity is never given back": (broker, "_release", forget_release),
    "lost answers stay lost": (broker, "_enqueue", ask_once),
    "nothing is repeated": ("world", "outstanding", nothing_outstanding),
    "retry without a timer": (endings, "try_again", free_retry),
    "a fan closes early": (expand, "_close_fan", count_twice),
    "stopped calls run on": (stopping, "stop_frame", leave_running),
}


def healthy(seed: int) -> bool:
    """Whether nothing strange is seen in worlds of this seed."""
    cases = [(FAN, flaky(2), {"n": 12}, {"total": 12}), (TOLERANT, half_fails, {}, {"good": 60, "bad": 20})]
    cases.append((FAN, succeed({"y": 1}), {"n": 30}, {"total": 30}))
    cases.append((PAIRS, a_fails, {}, {"good": 30, "bad": 10}))
    for plan, work, params, expected in cases:
        try:
            world = World(plan, work, params=params, seed=seed, chaos=0.3).until_done(4_000)
        except Exception:
            return False
        state = world.run.state
        if state is None or state.outcome is None or state.outcome.outputs != expected or world.broker.state.held:
            return False
    return True


@pytest.mark.parametrize("name", PLANTED)
def test_planted_bug_is_found(name, monkeypatch):
    module, attribute, bug = PLANTED[name]
    if module == "world":
        import tests.simulation.world as module
    for place in (module, calls, endings, expand, step):
        if getattr(place, attribute, None) is not None:
            monkeypatch.setattr(place, attribute, bug)
    assert not all(healthy(seed) for seed in range(SEEDS)), f"{name}: not found in {SEEDS} seeds"


def test_without_a_bug_all_is_healthy():
    assert all(healthy(seed) for seed in range(SEEDS))
