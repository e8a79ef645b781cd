"""What one task does to its inputs and its process, no other one of a stack sees."""

import pytest

from tests.answers import ANSWERS, RIGHT

pytestmark = pytest.mark.emulator


def test_results_do_not_depend_on_who_ran_before(user):
    user.upload(ANSWERS)
    status = user.ended()
    assert status["state"] == "succeeded", status
    assert {name: status["outputs"][name] for name in RIGHT} == RIGHT
