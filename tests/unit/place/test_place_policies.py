"""Policies in the broker: what they exclude, how they order, and what waits."""

from __future__ import annotations

from econda_edsl.plan import Policy

from econda_cloud.money.prices import Price
from econda_cloud.wire.broker import BrokerWoken
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.pools import Node, Offer, Pool
from econda_cloud.wire.terms import Terms, policy_digest, terms_of
from tests.play import plan_of
from tests.unit.place.lender import Lender, only, slots, want

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
POLICIES: dict[str, Policy] = {}
"""By their digests, as the broker finds them."""


def terms(rules: str, settings: str = "") -> Terms:
    plan = plan_of(f"""edsl 1

policy house:
{rules}

pipeline p(n: Int):
    with:
        policy = house
        tags = {{residency: "eu", tier: "prod"}}
{settings}
    assert n > 0
""")
    found = terms_of(plan, 0, 0)
    assert found is not None
    assert plan.policy is not None
    POLICIES[policy_digest(plan.policy)] = plan.policy
    return found


def lender(*pools: Pool) -> Lender:
    return Lender(*pools, policies=POLICIES)


def lent(pools: list[Pool], of: Terms | None, count: int = 1, demand: Demand = DEMAND) -> dict[str, int]:
    """What a run is lent at once that wants so many."""
    return slots(lender(*pools).tell("r", want(demand, count), terms=of))


HASTY = "minimize offer.cost + $6/h * offer.latency"
EU = '    forbid when pipeline.tags.residency == "eu" and pool.labels.residency != "eu" because "EU data stays"'


def test_a_forbidden_pool_is_not_taken_though_it_is_the_cheapest() -> None:
    assert lent([US, BURST], None) == {"us": 1}
    grant = only(lender(US, BURST).tell("r", want(DEMAND), terms=terms(EU)))
    assert grant.pool == "burst"
    assert [v.refused for v in grant.verdicts if v.offer == "us"] == ["`house` forbids it: EU data stays"]


def test_what_a_policy_forbids_everywhere_is_refused_with_its_reasons() -> None:
    [refused] = lender(US).tell("r", want(DEMAND), terms=terms(EU)).unplaceable
    assert "EU data stays" in refused.reasons


def test_what_may_be_allowed_later_waits_and_is_lent_when_the_time_has_come() -> None:
    broker = lender(pool("campus", 0, {"site": "campus"}, slots=1), BURST)
    burst_later = terms('    require pool.labels.site == "campus" or queue.wait > 20min\n    ' + HASTY)
    assert slots(broker.tell("r", want(DEMAND, 2), terms=burst_later)) == {"campus": 1}
    assert broker.wakes == [MIN], "nothing else would make it look again"
    assert broker.hear(BrokerWoken(at_ms=19 * MIN), now=19 * MIN) == {}
    assert slots(broker.hear(BrokerWoken(at_ms=21 * MIN), now=21 * MIN)["r"]) == {"campus": 1, "burst": 1}


def test_objectives_weigh_waiting_against_money() -> None:
    campus = pool("campus", 0, {}, slots=1)
    # Half an hour of waiting is worth 50 cents, half an hour of burst costs 2 dollars.
    assert lent([campus, BURST], terms("    minimize offer.cost + $1/h * offer.latency"), 2) == {"campus": 1}
    assert lent([campus, BURST], terms("    " + HASTY), 2) == {"campus": 1, "burst": 1}


def test_later_objectives_decide_among_equals() -> None:
    both = [pool("a_slow", 100, {}, cold=5 * MIN), pool("b_fast", 100, {}, cold=1 * MIN)]
    assert lent(both, terms("    minimize offer.cost")) == {"a_slow": 1}
    assert lent(both, terms("    minimize offer.cost\n    then minimize pool.cold_start")) == {"b_fast": 1}
    assert lent(both, terms("    maximize pool.cold_start")) == {"a_slow": 1}


def test_at_most_so_many_at_once() -> None:
    broker = lender(CAMPUS, BURST)
    few = terms("    max_parallel = 3\n    minimize offer.cost + $100/h * offer.latency")
    answer = broker.tell("r", want(DEMAND, 9), terms=few)
    assert sum(slots(answer).values()) == 3
    held = dict(slots(answer))
    held["campus"] -= 1
    assert sum(slots(broker.tell("r", want(DEMAND, 6, held=held), terms=few)).values()) == 3


def test_the_greater_priority_goes_first() -> None:
    broker = lender(pool("campus", 0, {}, slots=1))
    low, high = terms("    priority = 1"), terms('    priority = 100 if pipeline.tags.tier == "prod" else 10')
    assert high.priority == 100
    broker.tell("first", want(DEMAND))
    assert broker.tell("low", want(DEMAND), terms=low).grants == ()
    assert broker.tell("high", want(DEMAND), terms=high).grants == ()
    answers = broker.hear(broker.told("first", over=True), now=MIN)
    assert {run: slots(answer) for run, answer in answers.items()} == {"high": {"campus": 1}}


def test_a_guard_that_cannot_be_evaluated_excludes() -> None:
    unknown = Pool(name="x", driver="local.process", offers=(Offer(name="x", node=Node(cpu_milli=8_000, memory=1 << 36),
                   price=Price()),), slots=1, cpu_milli=8_000, memory=1 << 36)  # fmt: skip
    [refused] = lender(unknown).tell("r", want(DEMAND), terms=terms("    require $1 / offer.price > 1s")).unplaceable
    assert "cannot be evaluated: division by zero" in refused.reasons


def test_slack_runs_out_while_it_waits() -> None:
    broker = lender(pool("campus", 0, {"site": "campus"}, slots=1), BURST)
    urgent = terms(
        '    require pool.labels.site == "campus" or pipeline.slack < 1h\n    ' + HASTY,
        "        deadline = 3h",
    )
    assert slots(broker.tell("r", want(DEMAND, 2), terms=urgent)) == {"campus": 1}
    assert broker.hear(BrokerWoken(at_ms=HOUR), now=HOUR) == {}
    assert slots(broker.hear(BrokerWoken(at_ms=2 * HOUR), now=2 * HOUR)["r"])["burst"] == 1


def test_environments_are_built_wherever_they_can_be() -> None:
    build = Demand(kind="environment", cpu_milli=1_000, memory=1 << 30)
    builds = Pool(**{**{f: getattr(US, f) for f in US.__struct_fields__}, "kinds": ("environment",)})
    assert lent([builds], terms(EU), demand=build) == {"us": 1}


def test_under_a_policy_that_is_not_to_be_had_nothing_is_lent_and_it_is_looked_for_again() -> None:
    broker = Lender(CAMPUS)
    found = terms("    minimize offer.cost")
    answer = broker.tell("r", want(DEMAND), terms=found)
    assert (answer.grants, answer.unplaceable, answer.open) == ((), (), (DEMAND.key,))
    assert broker.wakes == [MIN]
    broker.facts.policies[found.policy] = POLICIES[found.policy]  # type: ignore[index]
    assert slots(broker.hear(BrokerWoken(at_ms=MIN), now=MIN)["r"]) == {"campus": 1}
