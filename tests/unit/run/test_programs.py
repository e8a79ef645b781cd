"""Plans are indexed once, however many runs have them, and however many runs are at work."""

from __future__ import annotations

import pytest
from econda_edsl.plan import decode_plan, encode_plan

from econda_cloud.run import blocks
from econda_cloud.run.blocks import program_of
from tests.play import plan_of

DATA = encode_plan(plan_of("edsl 1\n\npipeline p(n: Int = 1) -> (m: Int):\n    return m = n\n"))


@pytest.fixture
def indexed(monkeypatch) -> list[int]:
    """The blocks that were indexed, from now on."""
    seen: list[int] = []
    right = blocks.index_block

    def index_block(nodes):
        seen.append(len(nodes))
        return right(nodes)

    monkeypatch.setattr(blocks, "index_block", index_block)
    blocks._program.cache_clear()
    return seen


def test_each_run_has_a_copy_of_the_plan_and_all_share_what_is_indexed(indexed):
    programs = {id(program_of(decode_plan(DATA))) for _ in range(300)}
    assert len(programs) == 1
    assert len(indexed) == 1


def test_as_many_plans_are_remembered_as_runs_are_kept_warm(indexed):
    sources = [f"edsl 1\n\npipeline p(n: Int = {i}) -> (m: Int):\n    return m = n\n" for i in range(300)]
    plans = [plan_of(source) for source in sources]
    for _ in range(3):
        for plan in plans:
            program_of(plan)
    assert len(indexed) == 300


def test_plans_that_differ_are_not_taken_for_each_other():
    other = plan_of("edsl 1\n\npipeline p(n: Int = 2) -> (m: Int):\n    return m = n\n")
    assert program_of(other).plan.params["n"] != program_of(decode_plan(DATA)).plan.params["n"]
