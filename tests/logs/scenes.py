"""One run and one broker in which much happens: what `make` writes down, and the tests fold again."""

from __future__ import annotations

import msgspec
from econda_edsl.plan import Plan

from econda_cloud.money.prices import Price
from econda_cloud.wire.broker import BrokerWoken, PoolsDeclared, Recalled
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.events import (
    AttemptFailed,
    AttemptSucceeded,
    CancelRequested,
    ChunkAccepted,
    ChunkLost,
    ChunkRefused,
    ChunkSeen,
    Found,
    ResultsFound,
    ResultsMissing,
    TimerFired,
)
from econda_cloud.wire.pools import Node, Offer, Pool
from econda_cloud.wire.terms import policy_digest, terms_of
from tests.play import Play, plan_of
from tests.unit.place.lender import Lender, want

GIB = 1024**3
SOURCE = """edsl 1

task fit(x: Int) -> (y: Int):
    packages = ["six"]
    cache = inputs
    retry = exponential(attempts = 3, first = 1s, factor = 2, cap = 10s)
    needs:
        memory = 512MiB * attempt
        time = 40s
    run python:
        y = x

task plain(x: Int) -> (y: Int):
    retry = exponential(attempts = 5, first = 2s)
    timeout = 10min
    run shell:
        echo 1 > "$OUT/y"

pipeline p(n: Int = 3) -> (r: Int):
    with:
        budget = $50
        deadline = 90h
    tried = foreach i in 1..6, j in 1..2 with parallel = 5, tolerate = 50%, batch = 3:
        a = fit(i)
        b = plain(a.y + j)
        gather b.y
    when n > 2:
        c = plain(n)
        m = c.y
    else:
        d = plain(1)
        m = d.y
    repeat up to 4:
        carry k: Int = m
        e = plain(k)
        next k = e.y + k
    until k > 6
    f = foreach i in 1..30:
        g = plain(i)
        gather g.y
    return r = k + sum(tried.done) + sum(f.done)

    on failure:
        plain(7)

    on any:
        first = plain(8)
        plain(first.y)
"""
HOUR = 3_600_000


def run_scene(hourly: int) -> tuple[Plan, list[bytes]]:
    """A run with an environment, results that are kept, losses, retries, a refusal and handlers; and the records of its
    log. What an attempt costs by the hour (nano-dollars) decides whether its budget lasts."""
    plan = plan_of(SOURCE)
    price = Price(per_hour=hourly, per_request=200, per_gib_hour=60_000_000)
    play = Play(plan, {"n": 3}, most=3, grant={"price": price, "array": False, "chunk_max": 4, "cold_start_ms": 700, "lease_ms": 6 * HOUR})  # fmt: skip
    looks = list(play.run.looking)
    play.hear(ResultsFound(results=(Found(instance=looks[0], attempt=1, outputs={"y": 5}, run="before", source="p/x"),)),
              ResultsMissing(items=tuple((name, 1) for name in looks[1:]), reason="it has not run before"))  # fmt: skip
    play.succeed(next(name for name, _ in play.placed if "/environment/" in name), archive="environments/six.tar", at=play.now + 9_000)  # fmt: skip
    _misfortunes(play)
    for turn in range(120):
        _next(play, turn)
        if play.outcome is not None:
            break
    play.hear(AttemptSucceeded(instance="p/f[20]/g", attempt=1, outputs={"y": 1}, started_ms=play.now, ended_ms=play.now + 30 * HOUR), at=play.now + 30 * HOUR)  # fmt: skip
    return plan, play.records


def _misfortunes(play: Play) -> None:
    names = list(play.run.chunks)
    play.hear(*(ChunkAccepted(chunk=name, handle=f"job-{n}") for n, name in enumerate(names)))
    play.hear(ChunkLost(chunk=names[-1], failure="preempted", message="host gone", handle="another"))
    play.hear(ChunkLost(chunk=names[-1], failure="preempted", message="host gone", handle=f"job-{len(names) - 1}",
                        started_ms=play.now, ended_ms=play.now + 60_000), at=play.now + 60_000)  # fmt: skip
    play.fail()
    play.fail(failure="lost")
    play.wait()
    tried = next(name for name, chunk in play.run.chunks.items() if "/tried" in chunk.open[0][0])
    play.hear(ChunkRefused(chunk=tried, why="no such image"))
    play.hear(ChunkSeen(chunk=next(iter(play.run.chunks)), until_ms=play.now + 300_000, waits="it is busy"))
    play.wait(play.now + 400_000)
    play.wait(play.now + 4 * HOUR)


def _next(play: Play, turn: int) -> None:
    if turn == 110:
        play.hear(CancelRequested(by="ada"))
    for name, asked in list(play.run.looking.items()):
        play.hear(ResultsMissing(items=((name, asked.attempt),), reason="it has not run before"))
    if play.placed and play.run.ending is None and play.run.outcome is None:
        play.hear(*(_ended(play, item, turn) for item in play.placed[: 1 + turn % 3]), at=play.now + 200)
    elif play.run.ending is not None or turn % 2:
        play.wait()
    else:
        play.hear(TimerFired(), at=play.now + 5_000)


def _ended(play: Play, item: tuple[str, int], turn: int) -> AttemptSucceeded | AttemptFailed:
    instance, attempt = item
    if turn % 7 == 3:
        return AttemptFailed(instance=instance, attempt=attempt, failure="out_of_memory", message="killed", started_ms=play.now, ended_ms=play.now + 100)  # fmt: skip
    lasted = 9 * HOUR if turn > 36 else 150
    return AttemptSucceeded(instance=instance, attempt=attempt, outputs={"y": 1 + turn % 4}, started_ms=play.now + 200 - lasted, ended_ms=play.now + 200)  # fmt: skip


POLICED = """edsl 1

policy house:
    forbid when offer.spot and pipeline.tags.tier == "prod"
    require pool.labels.site == "campus" or queue.wait > 2min
    minimize offer.cost + $6/h * offer.latency

pipeline p(n: Int = 1) -> (n: Int):
    with:
        policy = house
        tags = {tier: "prod"}
        priority = 3
    assert n > 0
    return n = n
"""


def broker_scene() -> list[bytes]:
    """Runs with and without a budget, a policy and a place; pools that come and go."""
    plan = plan_of(POLICED.replace("-> (n: Int)", "-> (m: Int)").replace("return n = n", "return m = n"))
    assert plan.policy is not None
    terms = terms_of(plan, 0, 0)
    node, large = Node(cpu_milli=4_000, memory=16 * GIB), Node(cpu_milli=32_000, memory=128 * GIB, gpu=4, gpu_kind="T4")
    fn = Offer(name="fn", node=node, price=Price(per_gib_hour=60_000_000, per_request=200), cold_start_ms=200, whole=True)  # fmt: skip
    spot = Offer(name="spot", node=large, price=Price(per_hour=158_000_000), spot=True, cold_start_ms=60_000, nodes=2)
    firm = Offer(name="firm", node=large, price=Price(per_hour=526_000_000), cold_start_ms=60_000)
    pools = (
        Pool(name="functions", driver="aws.lambda", offers=(fn,), slots=6, cpu_milli=99_000, memory=99 * GIB, max_time_ms=900_000, chunk_max=20),
        Pool(name="jobs", driver="aws.batch", offers=(spot, firm), slots=9, cpu_milli=64_000, memory=256 * GIB, gpu=6, chunk_max=50, array=True, cpu_step_milli=1_000, memory_extra=GIB // 4),
        Pool(name="campus", driver="onprem.ssh", offers=(Offer(name="box", node=node, price=Price()),), slots=1, cpu_milli=4_000, memory=16 * GIB, labels={"site": "campus"}),
    )  # fmt: skip
    short = Demand(kind="python", cpu_milli=1_000, memory=GIB, time_ms=1_024)
    train = Demand(kind="python", cpu_milli=1_500, memory=8 * GIB, gpu=1, time_ms=HOUR, checkpoints=True)
    mine = msgspec.structs.replace(short, task="t", time_ms=20 * 60_000)
    lender = Lender(*pools, policies={policy_digest(plan.policy): plan.policy})
    lender.tell("a", want(short, 500, rank=9_000), want(train, 3, rank=100), budget=3_000_000_000, now=10)
    lender.tell("b", want(train, 9), now=20)
    lender.tell("c", want(mine, 4), terms=terms, now=30)
    lender.tell("d", want(short, 50), want(Demand(kind="r", cpu_milli=1, memory=1), 2), now=40)
    lender.hear(BrokerWoken(at_ms=200_000), now=200_000)
    lender.tell("a", want(short, 0, held={"fn": 3}), want(train, 1, held={"spot": 1}), spent=900_000_000, budget=3_000_000_000, now=200_010)  # fmt: skip
    lender.hear(Recalled(run="b", offer="spot", slots=1), now=200_020)
    lender.tell("b", want(train, 4, held={"spot": 2}), now=200_030)
    dearer = msgspec.structs.replace(spot, price=Price(per_hour=600_000_000))
    lender.hear(PoolsDeclared(pools=(pools[0], msgspec.structs.replace(pools[1], offers=(dearer, firm)))), now=200_040)
    lender.hear(lender.told("a", over=True), lender.told("c", over=True), now=200_050)
    lender.tell("b", want(train, 0, held={"spot": 1}), now=200_060)
    lender.hear(lender.told("b", over=True), lender.told("d", over=True), now=200_070)
    return [msgspec.json.encode(entry) for entry in lender.entries]
