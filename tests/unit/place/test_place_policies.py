"""Policies in the broker: what they exclude, how they order, and what waits."""

from __future__ import annotations

from econda_edsl.compile import compile_source

from econda_cloud.money.prices import Price
from econda_cloud.place.events import (
    AnyBrokerCommand,
    AttemptsReleased,
    Place,
    PlacementRequested,
    PoolsDeclared,
    Refuse,
)
from econda_cloud.place.invariants import check
from econda_cloud.place.state import BrokerState
from econda_cloud.place.step import step
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.events import Item
from econda_cloud.wire.pools import Node, Offer, Pool
from econda_cloud.wire.terms import Terms, terms_of

MIN, HOUR = 60_000, 3_600_000
DEMAND = Demand(task="t", kind="python", cpu_milli=1_000, memory=1 << 30, time_ms=30 * MIN)


def pool(name: str, price: int, labels: dict[str, str], *, slots: int = 2, spot: bool = False, cold: int = 0) -> Pool:
    """`price` in cents per hour."""
    node = Node(cpu_milli=8_000, memory=64 << 30)
    offer = Offer(
        name=name, node=node, price=Price(per_hour=price * 10_000_000), spot=spot, cold_start_ms=cold, whole=True
    )
    return Pool(name=name, driver="local.process", offers=(offer,), slots=slots, cpu_milli=slots * 8_000,
                memory=slots << 36, labels=labels)  # fmt: skip


CAMPUS = pool("campus", 0, {"site": "campus", "residency": "eu"})
BURST = pool("burst", 400, {"site": "aws", "residency": "eu"}, slots=8, cold=2 * MIN)
US = pool("us", 1, {"site": "aws"}, slots=8)


def terms(rules: str, settings: str = "") -> Terms:
    text = f"""edsl 1

policy house:
{rules}

pipeline p(n: Int):
    with:
        policy = house
        tags = {{residency: "eu", tier: "prod"}}
{settings}
    assert n > 0
"""
    compiled = compile_source(text)
    assert compiled.plan is not None, compiled.render()
    found = terms_of(compiled.plan, 0, 0)
    assert found is not None
    return found


def ask(
    state: BrokerState, of: Terms | None, count: int = 1, *, now: int = 0, run: str = "r", demand: Demand = DEMAND
) -> list[AnyBrokerCommand]:
    items: tuple[Item, ...] = tuple((f"p/{run}{i}", 1) for i in range(count))
    _, commands = step(state, [PlacementRequested(run=run, demand=demand, items=items, terms=of)], now)
    check(state)
    return commands


def broker(*pools: Pool) -> BrokerState:
    return step(BrokerState(), [PoolsDeclared(pools=pools)], 0)[0]


def places(commands: list[AnyBrokerCommand]) -> list[str]:
    return [
        command.placement.pool for command in commands if isinstance(command, Place) for _ in command.placement.items
    ]


HASTY = "minimize offer.cost + $6/h * offer.latency"
EU = '    forbid when pipeline.tags.residency == "eu" and pool.labels.residency != "eu" because "EU data stays"'


def test_a_forbidden_pool_is_not_taken_though_it_is_the_cheapest() -> None:
    assert places(ask(broker(US, BURST), None)) == ["us"]
    [placed] = ask(broker(US, BURST), terms(EU))
    assert isinstance(placed, Place)
    assert placed.placement.pool == "burst"
    assert [v.refused for v in placed.placement.verdicts if v.offer == "us"] == ["`house` forbids it: EU data stays"]


def test_what_a_policy_forbids_everywhere_is_refused_with_its_reasons() -> None:
    [refused] = ask(broker(US), terms(EU))
    assert isinstance(refused, Refuse)
    assert "EU data stays" in refused.message


def test_what_may_be_allowed_later_waits_and_is_placed_when_the_time_has_come() -> None:
    state = broker(pool("campus", 0, {"site": "campus"}, slots=1), BURST)
    burst_later = terms('    require pool.labels.site == "campus" or queue.wait > 20min\n    ' + HASTY)
    assert places(ask(state, burst_later, 2)) == ["campus"]
    assert state.waiting[0].items == {"p/r1": 1}
    assert places(step(state, [], 19 * MIN)[1]) == []
    later = step(state, [PlacementRequested(run="r", demand=DEMAND, items=(("p/r1", 1),), terms=burst_later)], 21 * MIN)
    assert places(later[1]) == ["burst"]


def test_objectives_weigh_waiting_against_money() -> None:
    state = broker(pool("campus", 0, {}, slots=1), BURST)
    patient = terms("    minimize offer.cost + $1/h * offer.latency")
    # Half an hour of waiting is worth 50 cents, half an hour of burst costs 2 dollars.
    assert places(ask(state, patient, 2)) == ["campus"]
    state = broker(pool("campus", 0, {}, slots=1), BURST)
    hasty = terms("    minimize offer.cost + $6/h * offer.latency")
    assert places(ask(state, hasty, 2)) == ["campus", "burst"]


def test_later_objectives_decide_among_equals() -> None:
    slow = pool("a_slow", 100, {}, cold=5 * MIN)
    fast = pool("b_fast", 100, {}, cold=1 * MIN)
    assert places(ask(broker(slow, fast), terms("    minimize offer.cost"))) == ["a_slow"]
    assert places(ask(broker(slow, fast), terms("    minimize offer.cost\n    then minimize pool.cold_start"))) == [
        "b_fast"
    ]
    assert places(ask(broker(slow, fast), terms("    maximize pool.cold_start"))) == ["a_slow"]


def test_at_most_so_many_at_once() -> None:
    state = broker(CAMPUS, BURST)
    few = terms("    max_parallel = 3\n    minimize offer.cost + $100/h * offer.latency")
    assert len(places(ask(state, few, 9))) == 3
    _, commands = step(state, [AttemptsReleased(run="r", items=(("p/r0", 1),))], MIN)
    assert len(places(commands)) == 1


def test_the_greater_priority_goes_first() -> None:
    state = broker(pool("campus", 0, {}, slots=1))
    low, high = terms("    priority = 1"), terms('    priority = 100 if pipeline.tags.tier == "prod" else 10')
    assert high.priority == 100
    ask(state, None, 1, run="first")
    assert places(ask(state, low, 1, run="low")) == []
    assert places(ask(state, high, 1, run="high")) == []
    _, [placed] = step(state, [AttemptsReleased(run="first", items=(("p/first0", 1),))], MIN)
    assert isinstance(placed, Place)
    assert placed.run == "high"


def test_a_guard_that_cannot_be_evaluated_excludes() -> None:
    unknown = Pool(name="x", driver="local.process", offers=(Offer(name="x", node=Node(cpu_milli=8_000, memory=1 << 36),
                   price=Price()),), slots=1, cpu_milli=8_000, memory=1 << 36)  # fmt: skip
    [refused] = ask(broker(unknown), terms("    require $1 / offer.price > 1s"))
    assert isinstance(refused, Refuse)
    assert "cannot be evaluated: division by zero" in refused.message


def test_slack_runs_out_while_it_waits() -> None:
    state = broker(pool("campus", 0, {"site": "campus"}, slots=1), BURST)
    urgent = terms(
        '    require pool.labels.site == "campus" or pipeline.slack < 1h\n    ' + HASTY,
        "        deadline = 3h",
    )
    assert places(ask(state, urgent, 2)) == ["campus"]
    assert places(step(state, [], HOUR)[1]) == []
    assert places(step(state, [], 2 * HOUR)[1]) == ["burst"]


def test_environments_are_built_wherever_they_can_be() -> None:
    build = Demand(task="environment:e", kind="environment", cpu_milli=1_000, memory=1 << 30)
    state = broker(Pool(**{**{f: getattr(US, f) for f in US.__struct_fields__}, "kinds": ("environment",)}))
    assert places(ask(state, terms(EU), demand=build)) == ["us"]
