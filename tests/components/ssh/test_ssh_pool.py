"""The conformance of pools, on plain hosts over SSH."""

from __future__ import annotations

import pytest

from tests.components.ssh.conftest import Sshd
from tests.components.ssh.hosts import SshBench
from tests.conformance.test_pool import (  # noqa: F401
    test_a_cancelled_job_ends_and_may_be_cancelled_again,
    test_a_pool_that_cannot_be_reached_is_waited_for,
    test_a_pool_without_arrays_runs_all_attempts_in_one_job,
    test_a_submission_does_not_show_its_token,
    test_a_worker_that_ends_well_has_no_failure,
    test_a_worker_that_fails_tells_how,
    test_an_image_is_refused_where_none_is_taken,
    test_cancelling_what_is_not_there_is_no_error,
    test_capacity_is_told_by_offer,
    test_nothing_submitted_is_nothing_answered,
    test_one_bad_submission_spoils_no_other,
    test_prices_are_told_by_offer_or_unknown,
    test_states_come_in_the_order_of_the_handles,
    test_what_is_submitted_twice_is_one_job,
    test_what_it_can_do_is_data,
)

pytestmark = pytest.mark.component


@pytest.fixture
def bench(hosts: list[Sshd]) -> SshBench:
    return SshBench(hosts)
