"""A run done again stands on its own: what it needs of the earlier one it has copies of."""

from __future__ import annotations

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.schedule.stored_plans import store_plan
from econda_cloud.submission.again import Again, again
from econda_cloud.submission.bundles import pack_files
from econda_cloud.wire.keys import bundle_key
from tests.unit.schedule.team import fan

PLAN = fan(2)


def test_the_code_of_a_run_that_is_done_again_outlives_the_earlier_run():
    blobs, old = MemoryBlobs(), bundle_key("n", "a")
    plan = store_plan(blobs, "n", "a", PLAN)
    blobs.put(old, b"code")
    event = again(blobs, Again(plan, "n", {}, "a", (), bundle=old), run="b", seed=1)
    assert event.bundle == bundle_key("n", "b")
    blobs.delete(old)
    assert blobs.get(event.bundle) == b"code"


def test_a_run_without_code_has_none_when_it_is_done_again():
    blobs = MemoryBlobs()
    plan = store_plan(blobs, "n", "a", PLAN)
    assert again(blobs, Again(plan, "n", {}, "a", ()), run="b", seed=1).bundle is None


def test_a_run_that_follows_another_may_have_other_code_and_parameters():
    blobs = MemoryBlobs()
    files = {"lib.py": b"x = 1"}
    event = again(blobs, Again(PLAN, "n", {"n": 3}, "a", (), ("s",), files=files), run="b", seed=1)
    assert (event.params, event.reuse, event.fresh) == ({"n": 3}, "a", ("s",))
    assert event.bundle is not None
    assert blobs.get(event.bundle) == pack_files(files)
