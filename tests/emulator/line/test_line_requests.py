"""What runs cost in requests that AWS would bill, counted on the wire.

The bounds leave some room above what is measured (`python -m bench.wire`, `bench.latency`), for a busy machine makes
batches smaller and has more timers ring; one request more for each task or link is far beyond them.
"""

from __future__ import annotations

import pytest

from bench.shapes import chain, writing
from tests.emulator.line.conftest import User

pytestmark = pytest.mark.emulator


def asked_for(local_cloud, user, source: str) -> int:
    """Requests of the stack, from the upload to the end of the run."""
    before = User(user.team, f"{user.namespace}-before")
    before.upload(chain(3))
    before.ended()
    local_cloud.requests(reset=True)
    user.upload(source)
    user.ended()
    return sum(number for who, _, _, number in local_cloud.requests() if who == "stack")


def test_a_fan_whose_tasks_print_and_return_files_costs_a_fifth_of_a_request_for_each(local_cloud, user):
    assert asked_for(local_cloud, user, writing(1_000)) <= 250


def test_a_link_of_a_chain_costs_two_requests(local_cloud, user):
    assert asked_for(local_cloud, user, chain(300)) <= 2.6 * 300
