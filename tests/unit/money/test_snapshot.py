"""The bundled prices: what they mean, and that they agree with figures collected by others."""

from __future__ import annotations

import json
from datetime import date

import pytest

from econda_cloud.money.prices import attempt_cost
from econda_cloud.money.snapshot import ec2_price, lambda_price, snapshot
from tests.shared import DATA


def test_a_function_costs_what_the_price_list_says() -> None:
    # 10 GB for 100 s: 1,000 GB-seconds at $0.0000166667, and one request at $0.20 a million.
    cost = attempt_cost(lambda_price(10_240), 100_000, 0)
    assert cost == pytest.approx(16_666_700 + 200, abs=1)


def test_disk_above_what_is_free_is_paid_for() -> None:
    # 1.5 GB for an hour: the first 512 MB are free.
    extra = lambda_price(1024, 1536).per_hour - lambda_price(1024).per_hour
    assert extra == pytest.approx(0.0000000309 * 3600 * 1e9, abs=1)
    assert lambda_price(1024, 512) == lambda_price(1024)


def test_an_instance_costs_by_the_hour_and_spot_less() -> None:
    assert ec2_price("m5.4xlarge").per_hour == 768_000_000
    assert ec2_price("g4dn.xlarge", spot=True).per_hour < ec2_price("g4dn.xlarge", spot=False).per_hour


@pytest.mark.parametrize(("instance", "spot"), [("x9.huge", False), ("c5.xlarge", True)])
def test_a_missing_price_is_unknown_and_not_zero(instance: str, spot: bool) -> None:
    assert attempt_cost(ec2_price(instance, spot=spot), 1000, 0) is None


def test_every_entry_has_a_date_a_source_and_a_price() -> None:
    for fact in (*snapshot().functions, *snapshot().ec2):
        date.fromisoformat(fact.as_of)
        assert fact.source.startswith("https://aws.amazon.com/")
        assert fact.nanos > 0


def test_spot_figures_say_that_they_are_typical() -> None:
    assert all("typical" in fact.fact for fact in snapshot().ec2 if fact.spot)


def test_on_demand_prices_agree_with_the_collected_ones() -> None:
    path = DATA / "prices" / "libcloud-pricing.json"
    if not path.is_file():
        pytest.skip(f"no price data at {path}; point ECONDA_DATA at a folder with prices/libcloud-pricing.json")
    collected = json.loads(path.read_text())["compute"]["ec2_linux"]
    compared = []
    for fact in snapshot().ec2:
        dollars = float(collected.get(fact.instance, {}).get(snapshot().region, 0))
        if not fact.spot and dollars:  # 0.0 means missing there
            assert round(dollars * 1e9) == fact.nanos, fact.instance
            compared.append(fact.instance)
    assert len(compared) >= 8
