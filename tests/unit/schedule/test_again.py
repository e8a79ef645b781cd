"""A run done again stands on its own: what it needs of the earlier one it has copies of."""

from __future__ import annotations

import msgspec

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.schedule.stored_plans import store_plan
from econda_cloud.submission.again import again
from econda_cloud.wire.keys import bundle_key
from tests.unit.schedule.team import Team, fan

PLAN = fan(2)


def begun(bundle: str | None):
    team = Team(PLAN)
    started = team.started("a")
    team.take([("a", [msgspec.structs.replace(started, bundle=bundle)])], 1)
    return team.state("a")


def test_the_code_of_a_run_that_is_done_again_outlives_the_earlier_run():
    blobs, old = MemoryBlobs(), bundle_key("n", "a")
    plan = store_plan(blobs, "n", "a", PLAN)
    blobs.put(old, b"code")
    event = again(blobs, plan, begun(old), (), run="b", seed=1)
    assert event.bundle == bundle_key("n", "b")
    blobs.delete(old)
    assert blobs.get(event.bundle) == b"code"


def test_a_run_without_code_has_none_when_it_is_done_again():
    blobs = MemoryBlobs()
    plan = store_plan(blobs, "n", "a", PLAN)
    assert again(blobs, plan, begun(None), (), run="b", seed=1).bundle is None
