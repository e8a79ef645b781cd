"""Bad days: hosts taken away, runs cancelled, queues full of garbage, schedulers killed."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import psutil
import pytest

from econda_cloud.schedule.messages import write_message
from econda_cloud.wire.events import CancelRequested
from tests.emulator.line.test_line_uploads import HELLO

pytestmark = pytest.mark.emulator

LONG = """edsl 1

task train(n: Int) -> (total: Int, begun: List[Int]):
    needs:
        gpu = 1
        memory = 256MiB
    checkpoint = every(1s)
    run python:
        import json, os, pathlib, time
        state = pathlib.Path(os.environ["ECONDA_CHECKPOINT"], "state.json")
        total, begun = json.loads(state.read_text()) if state.exists() else (0, [])
        begun.append(total)
        while total < n:
            total += 1
            new = state.with_suffix(".tmp")
            new.write_text(json.dumps([total, begun]))
            new.rename(state)
            time.sleep(0.1)

pipeline long(n: Int = 60) -> (total: Int, begun: List[Int]):
    t = train(n)
    return total = t.total, begun = t.begun
"""

SLEEPERS = """edsl 1

task sleep(x: Int) -> (y: Int):
    run shell:
        sleep 60
        echo "$x" > "$OUT/y"

pipeline sleepers() -> (all: List[Int]):
    many = foreach x in [1, 2, 3]:
        s = sleep(x)
        gather s.y
    return all = many.done
"""


def running_job(user, run: str) -> str | None:
    batch = user.team.clients("batch")
    queues = [each["jobQueueName"] for each in batch.describe_job_queues()["jobQueues"]]
    for queue in queues:
        for job in batch.list_jobs(jobQueue=queue, jobStatus="RUNNING")["jobSummaryList"]:
            if job["jobName"].startswith(run):
                return job["jobId"]
    return None


def test_a_reclaimed_host_costs_no_retry_and_training_goes_on(user, until, local_cloud):
    user.upload(LONG)
    run = user.the_run()
    job = until(lambda: running_job(user, run), "the job runs")
    until(lambda: _saved(user, run), "a checkpoint is saved")
    local_cloud.reclaim(job)
    status = user.ended(run)
    assert (status["state"], status["outputs"]["total"]) == ("succeeded", 60)
    begun = status["outputs"]["begun"]
    assert len(begun) == 2
    assert begun[0] == 0
    assert begun[1] > 0, "the second attempt started from nothing"
    assert (status["counts"]["preempted"], status["counts"]["retried"]) == (1, 0)
    assert [each.state for each in user.instances(run)["long/t"].attempts] == ["preempted", "succeeded"]


def _saved(user, run: str) -> bool:
    prefix = f"work/{user.namespace}/{run}/checkpoints/"
    return "Contents" in user.team.clients("s3").list_objects_v2(Bucket=user.team.stack.bucket, Prefix=prefix)


def cancel(user, run: str) -> None:
    event = CancelRequested(by="tester", reason="enough")
    user.team.events.send([write_message(run, [event], user.team.blobs)])


def test_cancelling_stops_what_runs_in_functions(user, until):
    user.upload(SLEEPERS)
    run = user.the_run()
    until(lambda: len(user.instances(run)) == 3, "all are placed")
    begun = time.monotonic()
    cancel(user, run)
    status = user.ended(run)
    assert status["state"] == "cancelled"
    assert "cancelled by tester: enough" in status["error"]
    assert time.monotonic() - begun < 40, "the sleepers were waited for"
    assert status["counts"]["cancelled"] == 3


def test_cancelling_ends_jobs(user, until):
    user.upload(LONG, **{"param-n": "600"})
    run = user.the_run()
    until(lambda: running_job(user, run), "the job runs")
    cancel(user, run)
    assert user.ended(run)["state"] == "cancelled"
    until(lambda: running_job(user, run) is None, "the job ends")


def test_garbage_is_buried_with_a_reason_and_harms_nobody(user, until):
    garbage = [
        "not json",
        '{"message":"run_events","run":"ghost-1","events":[]}',
        '{"message":"deposited","key":"gone"}',
    ]
    user.team.events.send(garbage)
    user.team.clients("sqs").send_message(QueueUrl=user.team.stack.uploads_queue, MessageBody="[1, 2")
    user.upload(HELLO)
    assert user.ended()["state"] == "succeeded"
    found: dict[str, str] = {}

    def buried() -> bool:
        for message in user.team.dead_letters.receive(visibility_s=0):
            found[message.body] = message.attributes.get("reason", "")
        return len(found) >= 4

    until(buried, "all four are buried")
    assert "not a message of econda" in found["not json"]
    assert "no run `ghost-1`" in found[garbage[1]]
    assert "gone" in found[garbage[2]]
    assert "not a notification of S3" in found["[1, 2"]


def schedulers(user) -> list[psutil.Process]:
    """Processes that run the schedule function of this team."""
    name = f"econda-{user.team.stack.team}-schedule"
    return [p for p in psutil.process_iter(["cmdline"]) if name in " ".join(p.info["cmdline"] or ())]


def test_a_run_survives_the_killing_of_its_schedulers(user, until):
    source = SLEEPERS.replace("sleep 60", "sleep 1").replace("[1, 2, 3]", "range(8)")
    user.upload(source)
    run = user.the_run()
    killed: set[int] = set()

    def kill() -> bool:
        """Each new process of the function, as soon as it is there: messages come again, and with them the next one."""
        for process in schedulers(user):
            if process.pid not in killed:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
                    killed.add(process.pid)
        return len(killed) >= 3

    until(kill, "three schedulers were killed")
    status = user.ended(run)
    assert (status["state"], status["outputs"]["all"]) == ("succeeded", list(range(8)))
    assert status["counts"]["succeeded"] == 8
