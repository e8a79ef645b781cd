"""Every kind of fault is acted on: a world in which it may happen goes another way than the same world without it."""

from __future__ import annotations

import dataclasses

import pytest

from econda_cloud.simulate.chance import WORST, Faults
from tests.simulation.line import Line
from tests.simulation.outages import SERVICES, SIX_HOURS_MS
from tests.simulation.scene import LARGE_EVERY, Scene
from tests.simulation.verdict import judge, judged
from tests.simulation.wide import LEAST_INSTANCES

SEEDS = range(160)
NEEDS = {"late": {"death": 0.05}, "unheard": {"death": 0.08}}
"""What must go wrong for another fault to have an occasion."""


def course(seed: int, faults: Faults) -> tuple[int, dict[str, list[bytes]], dict[str, str]]:
    line = judged(Scene(seed, faults, runs=2))
    return line.agenda.turns, line.log._records, line.buried


@pytest.mark.parametrize("kind", [field.name for field in dataclasses.fields(Faults)])
def test_a_fault_changes_the_course_of_some_world(kind):
    before = Faults(**NEEDS.get(kind, {}))
    after = dataclasses.replace(before, **{kind: WORST[kind]})
    assert any(course(seed, before) != course(seed, after) for seed in SEEDS)


def test_poison_is_buried_and_the_step_that_raises_ends_its_run_alone():
    lines = [judged(Scene(seed, Faults(poison=1.0), runs=2)) for seed in range(20)]
    assert all(len(line.poison) == 8 <= len(line.buried) for line in lines)
    assert {reason.partition(":")[0] for line in lines for reason in line.buried.values()} == {"schedule", "broker"}
    broken = [line for line in lines if line.witness.runs[line.poisoned].broken]
    assert broken
    assert not any(seen.broken for line in lines for run, seen in line.witness.runs.items() if run != line.poisoned)


@pytest.mark.parametrize("services", [*[[name] for name in SERVICES], list(SERVICES)], ids="+".join)
def test_six_hours_without_services_lose_nothing_and_bury_nothing(services):
    turns = 0
    for seed in range(8):
        line, calm = Line(Scene(seed, Faults(), runs=2)), judged(Scene(seed, Faults(), runs=2))
        begins = line.agenda.now + 5_000
        line.outages.all.append((begins, begins + SIX_HOURS_MS, frozenset(services)))
        judge(line)
        assert not line.buried
        turns += line.agenda.turns - calm.agenda.turns
    assert turns > 0, "nobody has noticed"


def test_functions_of_two_versions_work_side_by_side_until_the_last_is_of_the_newer():
    lines = [judged(Scene(seed, Faults(upgrade=1.0), runs=3)) for seed in range(20)]
    waited = [
        line
        for line in lines
        if any("newer" in text or "put off" in text or "waits" in text for text in line.agenda.story)
    ]
    records = [
        record for line in lines for name, log in line.log._records.items() if name.startswith("run/") for record in log
    ]
    assert any(b'"dreamt"' in record for record in records)
    assert waited, "an older function has met what a newer one wrote"


def test_ten_thousand_seeds_have_a_hundred_days_of_a_large_team():
    large = [
        scene for seed in range(10_000) if seed % LARGE_EVERY == LARGE_EVERY - 1 and (scene := Scene.drawn(seed)).large
    ]
    assert len(large) >= 100
    assert all(scene.runs >= 50 for scene in large)
    programs = [large[0].program(number) for number in range(large[0].runs)]
    line = Line(dataclasses.replace(large[0], faults=Faults(), runs=3)).play()
    began = {(span.instance, run) for (run, _), found in line.accounts.spans.items() for span, _ in found}
    assert len(programs) == large[0].runs
    for run in line.programs:
        assert (
            sum(each == run for _, each in began) >= LEAST_INSTANCES
            or line.witness.runs[run].state.outcome.state != "succeeded"
        )
