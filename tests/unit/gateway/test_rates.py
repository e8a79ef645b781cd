"""Who asks too fast or sends too much is told when to come again, and nobody else notices."""

import pytest

from econda_cloud.gateway.rates import BURST_S, Rates
from econda_cloud.gateway.requests import Refusal
from econda_cloud.gateway.tokens import Limits
from tests.unit.gateway.standing import chunk_of

LIMITS = Limits(rate=2.0, bytes_per_minute=6_000)


def refusal(rates, name="a", size=0, now=0):
    with pytest.raises(Refusal) as refused:
        rates.take(name, LIMITS, size, now)
    return refused.value


def test_a_burst_then_a_rate():
    rates = Rates()
    for _ in range(2 * BURST_S):
        rates.take("a", LIMITS, 0, 0)
    refused = refusal(rates)
    assert (refused.status, refused.problem.retry_after_s) == (429, 0.5)
    rates.take("b", LIMITS, 0, 0)
    rates.take("a", LIMITS, 0, 500)
    refusal(rates, now=900)


def test_bytes_by_the_minute():
    rates = Rates()
    rates.take("a", LIMITS, 5_000, 0)
    refused = refusal(rates, size=2_000)
    assert (refused.status, refused.problem.retry_after_s) == (429, 10.0)
    rates.take("a", LIMITS, 2_000, 10_000)
    assert refusal(rates, size=6_001, now=10**9).status == 413


def test_a_refused_request_costs_nothing():
    rates = Rates()
    rates.take("a", LIMITS, 6_000, 0)
    for _ in range(100):
        refusal(rates, size=1)
    rates.take("a", LIMITS, 0, 0)


def test_a_clock_that_goes_back_gives_nothing():
    rates = Rates()
    for _ in range(2 * BURST_S):
        rates.take("a", LIMITS, 0, 1_000_000)
    refusal(rates, now=0)
    refusal(rates, now=1_000_100)


def test_memory_is_bounded():
    rates = Rates(known_most=3)
    for number in range(1_000):
        rates.take(str(number), LIMITS, 0, 0)
    assert len(rates._left) == 3


def test_a_flood_is_stopped_before_any_store_and_others_are_served(stand, peer):
    flooding, other = peer(), peer(chunk_of(id="r.2"))
    answers = [flooding.ask("/v1/heartbeat", alive=False)[0] for _ in range(500)]
    assert answers[0] == 200
    assert answers[-1] == 429
    before = stand.asked()
    response_status, answer = flooding.ask("/v1/heartbeat", alive=True)
    assert (response_status, answer["error"]) == (429, "more than 20 requests a second")
    assert stand.asked() == before
    assert other.beat()[0] == 200
    stand.now += 1_000
    assert flooding.beat()[0] == 200
