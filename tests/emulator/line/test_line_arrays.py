"""Long tasks side by side: one array job of Batch, whose members live and die on their own."""

from __future__ import annotations

import pytest

from tests.emulator.line.test_line_bad_days import cancel, running_job

pytestmark = pytest.mark.emulator

LONG_FAN = """edsl 1

task simulate(x: Int, wait: Int) -> (y: Int):
    needs:
        time = 1h
        memory = 128MiB
    run shell:
        echo "simulating $x"
        if [ "$ECONDA_ATTEMPT" = 1 ] && [ "$x" = 1 ]; then sleep "$wait"; fi
        echo $((x * 10)) > "$OUT/y"

pipeline fan(wait: Int = 60) -> (all: List[Int]):
    many = foreach x in [0, 1, 2]:
        s = simulate(x, wait)
        gather s.y
    return all = many.done
"""


def jobs_of(user, run: str) -> list[dict]:
    batch = user.team.clients("batch")
    found = []
    for queue in batch.describe_job_queues()["jobQueues"]:
        for job in batch.list_jobs(
            jobQueue=queue["jobQueueName"], filters=[{"name": "JOB_NAME", "values": [f"{run}*"]}]
        )["jobSummaryList"]:
            found.append(job)
    return found


def test_a_reclaimed_member_runs_again_alone(user, until, local_cloud):
    user.upload(LONG_FAN)
    run = user.the_run()
    until(lambda: len(_ended(user, run)) == 2, "the other two members end")
    (job,) = jobs_of(user, run)
    assert job["arrayProperties"]["size"] == 3
    local_cloud.reclaim(f"{job['jobId']}:1")
    status = user.ended(run)
    assert (status["state"], status["outputs"]) == ("succeeded", {"all": [0, 10, 20]})
    attempts = {name: [each.state for each in row.attempts] for name, row in user.instances(run).items()}
    assert attempts == {
        "fan/many[0]/s": ["succeeded"],
        "fan/many[1]/s": ["preempted", "succeeded"],
        "fan/many[2]/s": ["succeeded"],
    }
    assert len(jobs_of(user, run)) == 2


def test_cancelling_ends_the_members_that_still_run(user, until):
    user.upload(LONG_FAN, **{"param-wait": "600"})
    run = user.the_run()
    until(lambda: len(_ended(user, run)) == 2, "the other two members end")
    cancel(user, run)
    status = user.ended(run)
    assert (status["state"], status["counts"]["succeeded"], status["counts"]["cancelled"]) == ("cancelled", 2, 1)
    until(lambda: running_job(user, run) is None, "the job ends")


def _ended(user, run: str) -> list[str]:
    return [name for name, row in user.instances(run).items() if row.state == "succeeded"]
