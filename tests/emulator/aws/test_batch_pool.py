"""The conformance of pools on the local Batch endpoint, and what is Batch's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from econda_adapters.aws.batch_pool import ASSIGNMENT_MOST, BatchDriver
from econda_adapters.aws.clients import Clients
from econda_local.cloud import LocalCloud
from msgspec.structs import replace

from econda_cloud.money.prices import Price
from econda_cloud.money.snapshot import ec2_price
from econda_cloud.ports.pool import (
    Accepted,
    AtMost,
    Ended,
    PoolDriver,
    Refused,
    Running,
    Submission,
    Targets,
    Unknown,
    Waiting,
)
from tests.conformance.pools import SECRET, submission, wait_a_little
from tests.conformance.test_pool import (  # noqa: F401
    ended,
    handle_of,
    test_a_cancelled_job_ends_and_may_be_cancelled_again,
    test_a_pool_that_cannot_be_reached_is_waited_for,
    test_a_submission_does_not_show_its_token,
    test_a_worker_that_ends_well_has_no_failure,
    test_a_worker_that_fails_tells_how,
    test_cancelling_what_is_not_there_is_no_error,
    test_capacity_is_told_by_offer,
    test_members_of_an_array_are_told_and_cancelled_apart,
    test_nothing_submitted_is_nothing_answered,
    test_one_bad_submission_spoils_no_other,
    test_prices_are_told_by_offer_or_unknown,
    test_states_come_in_the_order_of_the_handles,
    test_what_it_can_do_is_data,
    told,
)

pytestmark = pytest.mark.emulator

WORKER = """
import json, os, sys, time
what = json.loads(os.environ["ECONDA_ASSIGNMENT"])["do"]
if what == "fails":
    sys.exit(3)
if what == "lasts":
    time.sleep(600)
"""


class BatchBench:
    worker_can_fail = True

    def __init__(self, cloud: LocalCloud, name: str, clients: Clients) -> None:
        self.cloud, self.name, self.batch = cloud, name, clients("batch")
        self.driver: PoolDriver = BatchDriver(clients)
        self._silent = Clients({**cloud.environment(), "AWS_ENDPOINT_URL_BATCH": "http://127.0.0.1:1"})
        self.away: PoolDriver | None = BatchDriver(self._silent)
        self.targets: Targets = {"batch": self.target()}
        self._declare()

    def _declare(self) -> None:
        resources = {"type": "SPOT", "minvCpus": 0, "maxvCpus": 6, "subnets": ["s"], "instanceTypes": ["c7i.xlarge"]}
        made = self.batch.create_compute_environment(
            computeEnvironmentName=self.name, type="MANAGED", computeResources=resources,
            tags={"econda:memory-mib": "8192"},
        )  # fmt: skip
        order = [{"order": 1, "computeEnvironment": made["computeEnvironmentArn"]}]
        self.batch.create_job_queue(jobQueueName=self.name, priority=1, computeEnvironmentOrder=order)
        self.define()

    def define(self) -> None:
        wanted = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "256"}]
        container = {"image": "process:x", "command": [sys.executable, "-c", WORKER], "resourceRequirements": wanted}
        self.batch.register_job_definition(jobDefinitionName=self.name, type="container", containerProperties=container)

    def target(self, **other: str) -> msgspec.Raw:
        named = {"kind": "queue", "queue": self.name, "definition": self.name, **other}
        return msgspec.Raw(json.dumps(named).encode())

    def submission(self, what: str, chunk: str, size: int = 1) -> Submission:
        target = self.target(queue="no-such-queue") if what == "impossible" else self.targets["batch"]
        return submission(chunk, "batch", target, json.dumps({"do": what, "token": SECRET}).encode(), size)

    def go_on(self) -> None:
        wait_a_little()

    def close(self) -> None:
        self._silent.close()


@pytest.fixture
def bench(local_cloud: LocalCloud, name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    # One try only where nobody answers: the pause between botocore's own would be the longest part of the test.
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    clients = Clients(local_cloud.environment())
    made = BatchBench(local_cloud, name, clients)
    yield made
    made.close()
    clients.close()


def test_what_is_gone_is_refused_with_its_name(bench: BatchBench) -> None:
    wanted = bench.submission("ends", "r.1")
    gone = replace(wanted, target=bench.target(definition="no-such-definition"))
    answers = bench.driver.submit(
        [gone, replace(gone, image="mine:1"), replace(wanted, target=bench.target(queue="q9"))]
    )
    assert all(isinstance(answer, Refused) for answer in answers)
    definition, pattern, queue = (answer.why for answer in answers if isinstance(answer, Refused))
    assert "no-such-definition" in definition
    assert pattern == "the job definition no-such-definition is gone; deploy the stack again"
    assert "q9" in queue


def test_an_image_that_batch_does_not_take_is_refused_with_its_words(bench: BatchBench) -> None:
    wanted = bench.submission("ends", "r.1")
    bad, good = bench.driver.submit([replace(wanted, image="my image: latest!"), replace(wanted, image="process:mine")])
    assert isinstance(bad, Refused)
    assert "Container.image contains invalid characters" in bad.why
    assert ended(bench, handle_of(good)).failure is None


def test_a_definition_that_was_known_and_is_gone_is_made_again(bench: BatchBench) -> None:
    wanted = replace(bench.submission("ends", "r.1"), image="process:mine")
    handle_of(bench.driver.submit([wanted])[0])
    found = bench.batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    for each in found:
        if each["jobDefinitionName"].startswith(f"{bench.name}-"):
            bench.batch.deregister_job_definition(jobDefinition=each["jobDefinitionArn"])
    assert isinstance(bench.driver.submit([wanted])[0], Accepted)


def test_a_job_without_room_waits_and_a_reclaimed_host_is_a_preemption(bench: BatchBench) -> None:
    runs = handle_of(bench.driver.submit([bench.submission("lasts", "r.1")])[0])
    told(bench, runs, lambda state: isinstance(state, Running))
    large = handle_of(bench.driver.submit([replace(bench.submission("ends", "r.2"), cpu_milli=64_000)])[0])
    waiting = told(bench, large, lambda state: isinstance(state, Waiting) and bool(state.why))
    assert isinstance(waiting, Waiting)
    assert waiting.why.startswith("MISCONFIGURATION")
    bench.cloud.reclaim(runs, grace=0.1)
    assert ended(bench, runs).failure == "preempted"
    bench.driver.cancel(large)
    assert ended(bench, large).message == "AWS Batch: cancelled by econda"


def test_an_assignment_that_is_too_long_for_a_job_is_refused(bench: BatchBench) -> None:
    (answer,) = bench.driver.submit([replace(bench.submission("ends", "r.1"), assignment=b" " * (ASSIGNMENT_MOST + 1))])
    assert answer == Refused("its assignment has 6001 bytes; a job takes 6000")


def test_capacity_and_price_are_those_of_the_environments(bench: BatchBench) -> None:
    targets = {**bench.targets, "gone": bench.target(queue="q9")}
    capacity = bench.driver.capacity(targets)
    assert capacity["batch"] == AtMost(cpu_milli=6_000)
    gone = capacity["gone"]
    assert isinstance(gone, Unknown)
    assert "the job queue q9 is gone" in gone.why
    assert bench.driver.prices(targets) == {"batch": ec2_price("c7i.xlarge", True), "gone": Price(known=False)}
    bench.batch.update_job_queue(jobQueue=bench.name, state="DISABLED")
    assert bench.driver.capacity(bench.targets) == {"batch": AtMost(cpu_milli=0)}


def test_what_a_job_is_given_is_what_the_attempt_reserves(bench: BatchBench, client: Callable[[str], Any]) -> None:
    wanted = replace(bench.submission("ends", "r/1.a", size=2), cpu_milli=1_500, memory=1 << 30, timeout_ms=5_500)
    handle = handle_of(bench.driver.submit([wanted])[0])
    (job,) = client("batch").describe_jobs(jobs=[handle])["jobs"]
    assert job["jobName"] == "r-1-a"
    assert {each["type"]: each["value"] for each in job["container"]["resourceRequirements"]} == {
        "VCPU": "2",
        "MEMORY": "1280",
    }
    assert job["timeout"] == {"attemptDurationSeconds": 126}
    assert job["arrayProperties"]["size"] == 2
    assert job["tags"] == {"econda:run": "r", "econda:namespace": "n"}
    assert isinstance(ended(bench, handle), Ended)
