"""A place that ends: what runs then is stopped, and what has not begun never is."""

import time

import pytest

from econda_cloud.wire.events import AttemptSucceeded
from econda_cloud.worker.run_chunk import MARGIN_MS

SLEEP = "import time\ntime.sleep(s)"


def after(ms):
    return time.time_ns() // 1_000_000 + MARGIN_MS + ms


def test_the_first_item_had_all_the_time_there_is(go):
    first, second = go(SLEEP, {"s": 60}, {"s": 0}, deadline_ms=after(600))
    assert first.failure == "timed_out"
    assert "the pool's limit of 6 s was reached" in first.message
    assert "pool without it" in first.message
    assert first.ended_ms - first.started_ms < 5_000
    assert (second.failure, "before it began" in second.message) == ("preempted", True)


def test_a_later_item_had_less_than_that(go):
    first, second, third = go(SLEEP, {"s": 0}, {"s": 60}, {"s": 0}, deadline_ms=after(1_000))
    assert isinstance(first, AttemptSucceeded)
    assert [second.failure, third.failure] == ["preempted", "preempted"]
    assert "before it was done" in second.message


def test_the_tasks_own_timeout_comes_first_if_it_is_shorter(go):
    [report] = go(SLEEP, {"s": 60}, deadline_ms=after(30_000), timeout_ms=300)
    assert (report.failure, report.message) == ("timed_out", "timed out after 300 ms")


@pytest.mark.parametrize("deadline", [None, 10_000])
def test_time_enough(go, deadline):
    [report] = go(SLEEP, {"s": 0}, deadline_ms=deadline and after(deadline))
    assert isinstance(report, AttemptSucceeded)
