"""What the pools of a stack offer to the broker."""

from __future__ import annotations

import json

import msgspec
import pytest
from econda_infra.pools import digest, team_pools
from econda_infra.settings import MIB, BadTenant, Settings, Tenant, emulated

from econda_cloud.place.score import judge
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.pools import Pool

GIB = 1024 * MIB


@pytest.fixture
def pools(on_aws: Settings) -> dict[str, Pool]:
    return {pool.name: pool for pool in team_pools(on_aws).pools}


def takers(pools: dict[str, Pool], demand: Demand) -> list[str]:
    """The offers that take it, the best first."""
    judged = [judge(demand, pool, offer) for pool in pools.values() for offer in pool.offers]
    return [v.offer for v in sorted((v for v in judged if v.score is not None), key=lambda v: v.score or 0)]


def test_a_usual_task_goes_to_the_smallest_function_with_a_whole_cpu(pools: dict[str, Pool]) -> None:
    usual = Demand(task="t", kind="python", cpu_milli=1000, memory=512 * MIB)
    assert takers(pools, usual)[0] == "aws.lambda/1769"


def test_a_function_keeps_memory_for_its_worker(pools: dict[str, Pool]) -> None:
    tight = Demand(task="t", kind="python", cpu_milli=1000, memory=1769 * MIB)
    assert takers(pools, tight)[0] == "aws.lambda/3538"


def test_what_takes_longer_than_a_function_may_goes_to_batch(pools: dict[str, Pool]) -> None:
    long = Demand(task="t", kind="shell", cpu_milli=1000, memory=GIB, time_ms=15 * 60_000)
    assert takers(pools, long)[0] == "aws.batch.cpu/m5.4xlarge/spot"
    assert all(offer.startswith("aws.batch") for offer in takers(pools, long))


def test_gpus_are_on_batch_and_know_their_kind(pools: dict[str, Pool]) -> None:
    trained = Demand(task="t", kind="python", cpu_milli=2000, memory=8 * GIB, gpu=1, gpu_kinds=("T4",))
    assert takers(pools, trained) == ["aws.batch.gpu/g4dn.xlarge/spot", "aws.batch.gpu/g4dn.xlarge/on-demand"]


def test_environments_are_built_by_cpu_jobs_only(pools: dict[str, Pool]) -> None:
    built = Demand(task="t", kind="environment", cpu_milli=1000, memory=GIB)
    assert {offer.split("/")[0] for offer in takers(pools, built)} == {"aws.batch.cpu"}


def test_hosts_of_a_namespace_are_pools_that_only_it_may_use(on_aws: Settings) -> None:
    settings = msgspec.structs.replace(on_aws, namespaces={"blue": Tenant(isolation="hosts"), "red": Tenant()})
    made = team_pools(settings)
    admitted = {pool.name: [name for name in ("blue", "red") if pool.admits(name)] for pool in made.pools}
    assert admitted == {
        "aws.lambda": ["blue", "red"], "aws.batch.cpu": ["red"], "aws.batch.gpu": ["red"],
        "aws.batch.cpu.blue": ["blue"], "aws.batch.gpu.blue": ["blue"],
    }  # fmt: skip
    offers = [offer.name for pool in made.pools for offer in pool.offers]
    assert sorted(made.targets) == sorted(offers)
    queues = {json.loads(bytes(target)).get("queue") for target in made.targets.values()} - {None}
    assert len(queues) == 8


def test_a_namespace_that_shares_hosts_has_no_shapes(on_aws: Settings) -> None:
    with pytest.raises(BadTenant, match="shares the team's hosts"):
        msgspec.structs.replace(on_aws, namespaces={"red": Tenant(shapes=on_aws.shapes)})


def test_a_function_is_paid_for_whole_and_an_instance_by_its_share(pools: dict[str, Pool]) -> None:
    small = Demand(task="t", kind="shell", cpu_milli=1000, memory=GIB, time_ms=600_000)
    costs = {}
    for pool in pools.values():
        for offer in pool.offers:
            costs[offer.name] = judge(small, pool, offer).cost
    # 10 minutes of 1,769 MB at $0.0000166667 per GB-second, with 9.5 GB of disk at $0.0000000309.
    assert costs["aws.lambda/1769"] == pytest.approx(
        600e9 * (1769 / 1024 * 0.0000166667 + 9.5 * 0.0000000309), rel=1e-4
    )
    # 10 minutes of a sixteenth of $0.768 an hour.
    assert costs["aws.batch.cpu/m5.4xlarge/on-demand"] == pytest.approx(0.768e9 / 16 / 6, rel=1e-6)


def test_every_offer_has_a_known_price(on_aws: Settings) -> None:
    for settings in (on_aws, emulated("vision", "000000000000", "us-east-1")):
        assert all(offer.price.known for pool in team_pools(settings).pools for offer in pool.offers)


def test_pools_hold_what_their_settings_allow(pools: dict[str, Pool], on_aws: Settings) -> None:
    functions, gpu = pools["aws.lambda"], pools["aws.batch.gpu"]
    assert functions.slots == on_aws.concurrency
    assert (functions.max_time_ms or 0) < 900_000
    assert (functions.chunk_max, functions.chunk_ms) == (100, 10_000)
    assert (gpu.gpu, gpu.max_time_ms, gpu.chunk_max, gpu.array) == (8, None, 10_000, True)


def test_the_emulator_runs_fewer_functions_than_its_account_may() -> None:
    (functions, *_) = team_pools(emulated("vision", "000000000000", "us-east-1")).pools
    assert functions.slots <= 64


def test_the_digest_tells_versions_apart(on_aws: Settings) -> None:
    import msgspec

    other = msgspec.structs.replace(on_aws, concurrency=7)
    assert digest(team_pools(on_aws)) == digest(team_pools(on_aws)) != digest(team_pools(other))


def test_an_invocation_counts_as_lost_once_aws_has_dropped_it(pools: dict[str, Pool]) -> None:
    assert pools["aws.lambda"].lease_ms == (3_600 + 2 * 900) * 1000
