"""What every pool's driver must do, whatever it drives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from econda_cloud.money.prices import Price
from econda_cloud.ports.pool import (
    Accepted,
    AtMost,
    ByNode,
    Capabilities,
    Ended,
    Gone,
    JobState,
    Later,
    PoolUnavailable,
    Refused,
    Running,
    Unknown,
    member_handle,
)
from tests.conformance.pools import SECRET, Bench, LocalBench, MemoryBench

STRANGE = "nobody/ever-was:7"
LONGEST = 60.0


@pytest.fixture(params=["memory", "local"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "memory":
        yield MemoryBench()
        return
    local = LocalBench(tmp_path)
    yield local
    local.pool.close()


def handle_of(answer: object) -> str:
    assert isinstance(answer, Accepted), answer
    return answer.handle


def told(bench: Bench, handle: str, reached: Callable[[JobState], bool]) -> JobState:
    """The first state of a job for which this holds."""
    end = time.monotonic() + LONGEST
    while not reached(state := bench.driver.describe([handle])[0]):
        assert time.monotonic() < end, f"{handle} is still {state}"
        bench.go_on()
    return state


def ended(bench: Bench, handle: str) -> Ended:
    state = told(bench, handle, lambda state: isinstance(state, Ended | Gone | Unknown))
    assert isinstance(state, Ended), state
    return state


def describing(bench: Bench) -> None:
    if not bench.driver.capabilities().describes:
        pytest.skip("this pool tells nothing of its jobs")


def test_what_it_can_do_is_data(bench: Bench) -> None:
    found = bench.driver.capabilities()
    assert isinstance(found, Capabilities)
    assert found.kinds
    assert found == bench.driver.capabilities()


def test_capacity_is_told_by_offer(bench: Bench) -> None:
    found = bench.driver.capacity(bench.targets)
    assert found.keys() == bench.targets.keys()
    for each in found.values():
        assert isinstance(each, ByNode | AtMost)
        if isinstance(each, ByNode):
            assert all(0 <= node.free_cpu_milli <= node.cpu_milli for node in each.nodes)
    assert bench.driver.capacity({}) == {}


def test_prices_are_told_by_offer_or_unknown(bench: Bench) -> None:
    found = bench.driver.prices(bench.targets)
    assert found.keys() == bench.targets.keys()
    assert all(isinstance(each, Price) for each in found.values())


def test_nothing_submitted_is_nothing_answered(bench: Bench) -> None:
    assert bench.driver.submit([]) == []
    assert bench.driver.describe([]) == []


def test_one_bad_submission_spoils_no_other(bench: Bench) -> None:
    kinds = ["ends", "impossible", "ends", "impossible"]
    answers = bench.driver.submit([bench.submission(what, f"r.{n}") for n, what in enumerate(kinds)])
    assert [type(answer) for answer in answers] == [Accepted, Refused, Accepted, Refused]
    refused = answers[1]
    assert isinstance(refused, Refused)
    assert refused.why
    assert SECRET not in repr(answers)
    assert handle_of(answers[0]) != handle_of(answers[2])


def test_a_submission_does_not_show_its_token(bench: Bench) -> None:
    assert SECRET not in repr(bench.submission("ends", "r.1"))


def test_an_image_is_refused_where_none_is_taken(bench: Bench) -> None:
    if bench.driver.capabilities().images:
        pytest.skip("this pool takes images")
    from msgspec.structs import replace

    (answer,) = bench.driver.submit([replace(bench.submission("ends", "r.1"), image="mine:1")])
    assert isinstance(answer, Refused)
    assert "image" in answer.why


def test_what_is_submitted_twice_is_one_job(bench: Bench) -> None:
    if not bench.driver.capabilities().idempotent:
        pytest.skip("this pool may run a chunk twice; its claim is taken once")
    first = bench.submission("lasts", "r.1")
    one, again = bench.driver.submit([first])[0], bench.driver.submit([first])[0]
    assert handle_of(one) == handle_of(again)
    bench.driver.cancel(handle_of(one))
    ended(bench, handle_of(one))
    assert bench.driver.submit([first]) == [one], "one that has ended is not run again"
    assert isinstance(bench.driver.describe([handle_of(one)])[0], Ended | Gone)


def test_a_worker_that_ends_well_has_no_failure(bench: Bench) -> None:
    describing(bench)
    handle = handle_of(bench.driver.submit([bench.submission("ends", "r.1")])[0])
    state = ended(bench, handle)
    assert state.failure is None, state
    assert state.started_ms is not None
    assert state.ended_ms is not None
    assert 1_600_000_000_000 < state.started_ms <= state.ended_ms


def test_a_worker_that_fails_tells_how(bench: Bench) -> None:
    describing(bench)
    if not bench.worker_can_fail:
        pytest.skip("its worker is no program of its own")
    handle = handle_of(bench.driver.submit([bench.submission("fails", "r.1")])[0])
    state = ended(bench, handle)
    assert state.failure == "lost"
    assert state.message
    assert SECRET not in state.message


def test_a_cancelled_job_ends_and_may_be_cancelled_again(bench: Bench) -> None:
    describing(bench)
    handle = handle_of(bench.driver.submit([bench.submission("lasts", "r.1")])[0])
    told(bench, handle, lambda state: isinstance(state, Running))
    bench.driver.cancel(handle)
    bench.driver.cancel(handle)
    ended(bench, handle)
    bench.driver.cancel(handle)


def test_cancelling_what_is_not_there_is_no_error(bench: Bench) -> None:
    bench.driver.cancel(STRANGE)
    bench.driver.cancel("")


def test_states_come_in_the_order_of_the_handles(bench: Bench) -> None:
    describing(bench)
    answers = bench.driver.submit([bench.submission(what, f"r.{what}") for what in ("lasts", "ends")])
    lasts, ends = map(handle_of, answers)
    ended(bench, ends)
    told(bench, lasts, lambda state: isinstance(state, Running))
    states = bench.driver.describe([ends, STRANGE, lasts, ends, *[STRANGE] * 150])
    assert [type(state) for state in states] == [Ended, Gone, Running, Ended, *[Gone] * 150]
    bench.driver.cancel(lasts)
    ended(bench, lasts)


def test_members_of_an_array_are_told_and_cancelled_apart(bench: Bench) -> None:
    if not bench.driver.capabilities().arrays:
        pytest.skip("this pool has no arrays")
    handle = handle_of(bench.driver.submit([bench.submission("lasts", "r.1", size=3)])[0])
    members = [member_handle(handle, index) for index in range(3)]
    for member in members:
        told(bench, member, lambda state: isinstance(state, Running))
    bench.driver.cancel(handle, [1])
    ended(bench, members[1])
    states = bench.driver.describe([*members, handle, member_handle(handle, 3)])
    assert [type(state) for state in states] == [Running, Ended, Running, Running, Gone]
    bench.driver.cancel(handle)
    ended(bench, handle)
    assert all(isinstance(ended(bench, member), Ended) for member in members)


def test_a_pool_without_arrays_runs_all_attempts_in_one_job(bench: Bench) -> None:
    describing(bench)
    if bench.driver.capabilities().arrays:
        pytest.skip("this pool has arrays")
    handle = handle_of(bench.driver.submit([bench.submission("ends", "r.1", size=3)])[0])
    bench.driver.cancel(handle, [1])
    assert ended(bench, handle).failure is None


def test_a_pool_that_cannot_be_reached_is_waited_for(bench: Bench) -> None:
    if bench.away is None:
        pytest.skip("nothing of this pool is outside")
    batch = [bench.submission("ends", "r.1"), bench.submission("ends", "r.2")]
    answers = bench.away.submit(batch)
    assert [type(answer) for answer in answers] == [Later, Later]
    assert all(isinstance(answer, Later) and answer.why and answer.after_ms > 0 for answer in answers)
    assert SECRET not in repr(answers)
    capacity, prices = bench.away.capacity(bench.targets), bench.away.prices(bench.targets)
    assert capacity.keys() == prices.keys() == bench.targets.keys()
    assert all(isinstance(each, Unknown) or (isinstance(each, ByNode) and each.away) for each in capacity.values())
    handles = [handle_of(answer) for answer in bench.driver.submit(batch)]
    assert all(isinstance(state, Unknown) for state in bench.away.describe(handles))
    if bench.away.capabilities().cancels != "never":
        with pytest.raises(PoolUnavailable, match=r"."):
            bench.away.cancel(handles[0])
