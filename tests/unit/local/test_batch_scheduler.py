"""The placing of runnable jobs, without any process."""

from __future__ import annotations

from econda_local.batch.model import Environment, Job, Queue, Resources, Spec
from econda_local.batch.scheduler import Placement, plan


def job(name: str, vcpus: float = 1, memory: int = 100, gpus: int = 0, queue: str = "q") -> Job:
    spec = Spec("process:x", ("true",), (), Resources(int(vcpus * 1000), memory, gpus))
    return Job(name, f"arn:{name}", name, queue, spec, {"container": {}, "jobDefinition": "d"}, 0)


def environment(name: str, vcpus: int, memory: int = 10_000, gpus: int = 0, state: str = "ENABLED") -> Environment:
    return Environment(name, f"arn:{name}", {"state": state}, Resources(vcpus * 1000, memory, gpus))


def queue(name: str, *environments: str, priority: int = 1) -> Queue:
    return Queue(name, f"arn:{name}", {}, priority, environments)


def placed(queues: list[Queue], environments: list[Environment], *jobs: Job) -> list[tuple[str, str]]:
    runnable = {q.name: [j for j in jobs if j.queue == q.name] for q in queues}
    decided = plan(queues, {e.name: e for e in environments}, runnable)
    return [(p.job, p.environment) for p in decided.placements]


def test_jobs_start_in_order_until_the_environment_is_full() -> None:
    assert placed([queue("q", "ce")], [environment("ce", 2)], job("a"), job("b"), job("c")) == [
        ("a", "ce"),
        ("b", "ce"),
    ]


def test_every_resource_is_a_limit() -> None:
    ce = environment("ce", 8, memory=250, gpus=1)
    assert placed([queue("q", "ce")], [ce], job("a"), job("b"), job("c")) == [("a", "ce"), ("b", "ce")]
    assert placed([queue("q", "ce")], [ce], job("a", gpus=1), job("b", gpus=1)) == [("a", "ce")]


def test_fractions_of_a_cpu_add_up() -> None:
    jobs = [job(str(n), vcpus=0.25) for n in range(5)]
    assert len(placed([queue("q", "ce")], [environment("ce", 1)], *jobs)) == 4


def test_the_next_environment_takes_what_the_first_has_no_room_for() -> None:
    environments = [environment("spot", 1), environment("demand", 1)]
    assert placed([queue("q", "spot", "demand")], environments, job("a"), job("b")) == [("a", "spot"), ("b", "demand")]


def test_a_large_job_that_waits_is_not_overtaken() -> None:
    ce = environment("ce", 4)
    ce.used = Resources(2000)
    assert placed([queue("q", "ce")], [ce], job("large", vcpus=4), job("small")) == []


def test_a_job_that_never_fits_waits_without_blocking() -> None:
    q, ce = queue("q", "ce"), environment("ce", 2)
    decided = plan([q], {"ce": ce}, {"q": [job("huge", vcpus=3), job("small")]})
    assert decided.placements == (Placement("small", "ce"),)
    assert decided.too_large == ("huge",)


def test_queues_share_an_environment_by_priority() -> None:
    queues = [queue("low", "ce", priority=1), queue("high", "ce", priority=9)]
    jobs = [job("l", queue="low"), job("h", queue="high")]
    assert placed(queues, [environment("ce", 1)], *jobs) == [("h", "ce")]


def test_a_disabled_environment_takes_nothing() -> None:
    assert placed([queue("q", "ce")], [environment("ce", 1, state="DISABLED")], job("a")) == []
