"""Jobs on the local Batch endpoint, through an unmodified boto3."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.validate import ParamValidator
from econda_local.cloud import LocalCloud

pytestmark = pytest.mark.emulator

Job = dict[str, Any]


class Bench:
    """A compute environment, a queue and a definition of one test, and what is done with them."""

    def __init__(self, batch: Any, until: Any, name: str) -> None:
        self.batch, self.until, self.name = batch, until, name
        self.capacity(4, 2048)

    def capacity(self, vcpus: int, memory: int) -> None:
        resources = {"type": "SPOT", "minvCpus": 0, "maxvCpus": vcpus, "subnets": ["s"], "instanceTypes": ["optimal"]}
        known = self.batch.describe_compute_environments(computeEnvironments=[self.name])["computeEnvironments"]
        if known:
            self.batch.update_compute_environment(computeEnvironment=self.name, computeResources={"maxvCpus": vcpus})
            return
        made = self.batch.create_compute_environment(
            computeEnvironmentName=self.name,
            type="MANAGED",
            computeResources=resources,
            tags={"econda:memory-mib": str(memory)},
        )
        order = [{"order": 1, "computeEnvironment": made["computeEnvironmentArn"]}]
        self.batch.create_job_queue(jobQueueName=self.name, priority=1, computeEnvironmentOrder=order)

    def submit(self, script: str, *, vcpus: float = 1, memory: int = 256, **members: Any) -> str:
        wanted = [{"type": "VCPU", "value": str(vcpus)}, {"type": "MEMORY", "value": str(memory)}]
        self.batch.register_job_definition(
            jobDefinitionName=self.name,
            type="container",
            containerProperties={
                "image": "process:python",
                "command": ["python", "-c", "Ref::script"],
                "resourceRequirements": wanted,
            },
        )
        given = {"jobName": self.name, "jobQueue": self.name, "jobDefinition": self.name, **members}
        return self.batch.submit_job(**given, parameters={"script": script})["jobId"]

    def job(self, key: str) -> Job:
        return self.batch.describe_jobs(jobs=[key])["jobs"][0]

    def wait(self, key: str, *states: str) -> Job:
        def reached() -> Job | None:
            job = self.job(key)
            return job if job["status"] in (states or ("SUCCEEDED", "FAILED")) else None

        return self.until(reached, f"job {key} in {states or 'a final state'}")


@pytest.fixture
def bench(client: Callable[[str], Any], until: Any, name: str) -> Bench:
    return Bench(client("batch"), until, name)


def log(cloud: LocalCloud, job: Job) -> str:
    return (cloud.home / "local" / "batch" / "logs" / f"{job['container']['logStreamName']}.log").read_text()


def test_success_and_what_the_job_sees(bench: Bench, local_cloud: LocalCloud) -> None:
    script = "import os, json; print(json.dumps(dict(os.environ)))"
    overrides = {"environment": [{"name": "OWN", "value": "1"}]}
    job = bench.wait(bench.submit(script, containerOverrides=overrides, tags={"run": "7"}))
    assert job["status"] == "SUCCEEDED"
    assert job["container"]["exitCode"] == 0
    assert job["attempts"][0]["statusReason"] == "Essential container in task exited"
    assert job["tags"] == {"run": "7"}
    seen = json.loads(log(local_cloud, job))
    assert seen["AWS_BATCH_JOB_ID"] == job["jobId"]
    assert (seen["AWS_BATCH_JOB_ATTEMPT"], seen["AWS_BATCH_JQ_NAME"], seen["OWN"]) == ("1", bench.name, "1")
    assert seen["AWS_ENDPOINT_URL"] == local_cloud.endpoint_url
    assert seen["AWS_ENDPOINT_URL_BATCH"] == local_cloud.batch_endpoint_url
    assert "ECONDA_EMITTER_TOKEN" not in seen


def test_the_answer_has_the_shape_of_the_service_model(bench: Bench, client: Callable[[str], Any]) -> None:
    bench.wait(bench.submit("", arrayProperties={"size": 2}))
    job = bench.submit("pass")
    bench.wait(job)
    answered = bench.batch.describe_jobs(jobs=[job])
    shape = client("batch").meta.service_model.operation_model("DescribeJobs").output_shape
    answered.pop("ResponseMetadata")
    assert ParamValidator().validate(answered, shape).generate_report() == ""


def test_a_job_can_use_boto3_without_settings(bench: Bench) -> None:
    script = (
        "import boto3, os; assert boto3.client('batch').describe_jobs(jobs=[os.environ['AWS_BATCH_JOB_ID']])['jobs']"
    )
    assert bench.wait(bench.submit(script))["status"] == "SUCCEEDED"


def test_a_non_zero_exit_fails(bench: Bench) -> None:
    job = bench.wait(bench.submit("raise SystemExit(7)"))
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 7)


def test_a_command_that_does_not_exist_cannot_start(bench: Bench) -> None:
    job = bench.wait(bench.submit("", containerOverrides={"command": ["no-such-command"]}))
    assert job["statusReason"] == "Task failed to start"
    assert job["container"]["reason"].startswith("CannotStartContainerError: ")


def test_an_array_of_five(bench: Bench, local_cloud: LocalCloud) -> None:
    script = "import os; i = int(os.environ['AWS_BATCH_JOB_ARRAY_INDEX']); print(i); raise SystemExit(i == 3)"
    parent = bench.wait(bench.submit(script, arrayProperties={"size": 5}))
    assert parent["status"] == "FAILED"
    summary = parent["arrayProperties"]["statusSummary"]
    assert (summary["SUCCEEDED"], summary["FAILED"]) == (4, 1)
    children = bench.batch.describe_jobs(jobs=[f"{parent['jobId']}:{n}" for n in range(5)])["jobs"]
    assert [log(local_cloud, child).strip() for child in children] == ["0", "1", "2", "3", "4"]
    failed = bench.batch.list_jobs(arrayJobId=parent["jobId"], jobStatus="FAILED")["jobSummaryList"]
    assert [item["arrayProperties"]["index"] for item in failed] == [3]


def test_never_more_vcpus_at_once_than_the_environment_has(bench: Bench, tmp_path: Path) -> None:
    bench.capacity(2, 2048)
    script = (
        "import os, time, pathlib; p = pathlib.Path(os.environ['DIR']) / os.environ['AWS_BATCH_JOB_ARRAY_INDEX']; "
        "a = time.monotonic(); time.sleep(.15); p.write_text(f'{a} {time.monotonic()}')"
    )
    overrides = {"environment": [{"name": "DIR", "value": str(tmp_path)}]}
    job = bench.wait(bench.submit(script, arrayProperties={"size": 6}, containerOverrides=overrides))
    assert job["status"] == "SUCCEEDED"
    spans = [tuple(map(float, path.read_text().split())) for path in tmp_path.iterdir()]
    together = max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)
    assert together == 2


def test_a_retry_that_succeeds(bench: Bench) -> None:
    script = "import os; raise SystemExit(os.environ['AWS_BATCH_JOB_ATTEMPT'] != '3')"
    job = bench.wait(bench.submit(script, retryStrategy={"attempts": 5}))
    assert job["status"] == "SUCCEEDED"
    assert [attempt["container"]["exitCode"] for attempt in job["attempts"]] == [1, 1, 0]


def test_a_time_out_ends_the_whole_family_and_is_not_retried(bench: Bench, until: Any, tmp_path: Path) -> None:
    script = (
        "import os, signal, subprocess, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "p = subprocess.Popen(['sleep', '600']); pathlib.Path(os.environ['FILE']).write_text(str(p.pid)); p.wait()"
    )
    file = tmp_path / "pid"
    overrides = {"environment": [{"name": "FILE", "value": str(file)}]}
    limits: dict[str, Any] = {"timeout": {"attemptDurationSeconds": 1}, "retryStrategy": {"attempts": 3}}
    job = bench.wait(bench.submit(script, containerOverrides=overrides, **limits))
    assert job["statusReason"] == "Job attempt duration exceeded timeout"
    assert len(job["attempts"]) == 1
    assert job["container"]["exitCode"] == 137
    until(lambda: not Path(f"/proc/{file.read_text()}").exists(), "the child is gone")


def test_out_of_memory(bench: Bench) -> None:
    script = "import time; x = bytearray(300 * 1024 * 1024); time.sleep(600)"
    job = bench.wait(bench.submit(script, memory=100))
    assert job["statusReason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert job["container"]["reason"] == job["statusReason"]
    assert job["container"]["exitCode"] == 137


def test_a_job_larger_than_the_environment_waits_and_can_be_cancelled(bench: Bench) -> None:
    key = bench.submit("", vcpus=64)
    assert bench.wait(bench.submit(""))["status"] == "SUCCEEDED"
    waiting = bench.job(key)
    assert waiting["status"] == "RUNNABLE"
    assert waiting["statusReason"].startswith("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
    bench.batch.cancel_job(jobId=key, reason="too large")
    job = bench.wait(key)
    assert (job["status"], job["statusReason"], job["isCancelled"]) == ("FAILED", "too large", True)


def test_cancel_does_not_touch_a_running_job_and_terminate_ends_it(bench: Bench) -> None:
    key = bench.submit("import time; time.sleep(600)", retryStrategy={"attempts": 3})
    bench.wait(key, "RUNNING")
    bench.batch.cancel_job(jobId=key, reason="no")
    assert bench.job(key)["status"] == "RUNNING"
    bench.batch.terminate_job(jobId=key, reason="enough")
    job = bench.wait(key)
    assert (job["status"], job["statusReason"], job["isTerminated"]) == ("FAILED", "enough", True)
    assert job["container"]["exitCode"] == 143


def test_dependencies(bench: Bench) -> None:
    first = bench.submit("import time; time.sleep(.2)")
    second = bench.submit("", dependsOn=[{"jobId": first}])
    assert bench.job(second)["status"] == "PENDING"
    done = bench.wait(second)
    assert done["status"] == "SUCCEEDED"
    assert done["startedAt"] >= bench.job(first)["stoppedAt"]


def test_a_reclaimed_spot_host_is_seen_on_the_event_bus_and_the_job_retried(
    bench: Bench, client: Callable[[str], Any], local_cloud: LocalCloud
) -> None:
    sqs, events = client("sqs"), client("events")
    url = sqs.create_queue(QueueName=bench.name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.batch"], "detail-type": ["Batch Job State Change"], "detail": {"jobName": [bench.name]}}
    events.put_rule(Name=bench.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=bench.name, Targets=[{"Id": "queue", "Arn": arn}])
    script = "import os, time; time.sleep(600 if os.environ['AWS_BATCH_JOB_ATTEMPT'] == '1' else 0)"
    conditions = [
        {"onStatusReason": "Host EC2*", "action": "RETRY"},
        {"onReason": "*", "action": "EXIT"},
    ]
    key = bench.submit(script, retryStrategy={"attempts": 2, "evaluateOnExit": conditions})
    bench.wait(key, "RUNNING")
    instance = local_cloud.reclaim(key, grace=0.2)
    job = bench.wait(key)
    assert job["status"] == "SUCCEEDED"
    assert job["attempts"][0]["statusReason"] == f"Host EC2 (instance {instance}) terminated."
    assert "exitCode" not in job["attempts"][0]["container"]
    seen: list[dict[str, Any]] = []

    def all_seen() -> bool:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            seen.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return any(event["detail"]["status"] == "SUCCEEDED" for event in seen)

    bench.until(all_seen, "the last event")
    states = [event["detail"]["status"] for event in seen]
    once = ["RUNNABLE", "STARTING", "RUNNING"]
    assert states == ["SUBMITTED", *once, *once, "SUCCEEDED"]
    assert seen[0]["source"] == "aws.batch"
    assert seen[0]["resources"] == [job["jobArn"]]
    assert seen[4]["detail"]["attempts"][0]["statusReason"].startswith("Host EC2")


def test_only_a_running_job_can_be_reclaimed(bench: Bench, local_cloud: LocalCloud) -> None:
    key = bench.submit("")
    bench.wait(key)
    with pytest.raises(ValueError, match="does not run"):
        local_cloud.reclaim(key)
