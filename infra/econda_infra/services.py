"""The deployed functions: what feeds each, and what it may touch."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
from pulumi_aws import batch, cloudwatch, lambda_

from econda_infra import names, policies
from econda_infra.functions import Function
from econda_infra.packaging import Archive
from econda_infra.queues import Queues
from econda_infra.settings import INVOCATION_WAITS_S, NEWS_WAITS_S, WORK_TIMEOUT_S, Settings
from econda_infra.storage import Storage
from econda_infra.timers import Timers

SUBMIT_MIB = 1024
SCHEDULE_MIB = 1769
"""One whole vCPU: the scheduler computes."""
BATCH_CHANGED_MIB = 256

AT_ONCE = 5
"""Batches of messages of a queue without groups in parallel. More would meet at the same logs and lose races."""

GROUPED_BATCH = 10
"""Messages in a batch of a queue with groups, the most that AWS hands over at once."""


@dataclass(frozen=True, slots=True)
class Around:
    """What every function of a stack is made with."""

    settings: Settings
    archives: dict[str, Archive]
    environment: pulumi.Output[dict[str, str]]
    queues: Queues
    storage: Storage
    parent: pulumi.Resource

    def facts(self, *wanted: str) -> dict[str, pulumi.Input[str]]:
        """ARNs by name, for `RoleWithPolicy`."""
        arns: dict[str, pulumi.Input[str]] = {
            "bucket": self.storage.bucket.arn,
            "table": self.storage.table.arn,
            "uploads": self.queues.uploads.arn,
            "events": self.queues.events.arn,
            "broker": self.queues.broker.arn,
            "notices": self.queues.notices.arn,
            "dead_letters": self.queues.dead_letters.arn,
            "secrets": names.secrets_arn(self.settings.team, self.settings.region, self.settings.account),
        }
        return {name: arns[name] for name in wanted}


def worker(around: Around, size: int) -> Function:
    """Runs chunks of attempts in `size` MiB."""
    function = Function(
        around.settings,
        f"work-{size}",
        around.archives["work"],
        around.environment,
        handler="econda_functions.work.handler",
        memory=size,
        disk=around.settings.work_disk_mib,
        timeout=WORK_TIMEOUT_S,
        facts=around.facts("bucket", "table", "events", "notices", "secrets"),
        statements=policies.runs_attempts,
        parent=around.parent,
    )
    # An attempt that fails is the engine's to retry.
    function.on_failure(around.queues.notices, retries=0, waits=INVOCATION_WAITS_S)
    return function


def submitter(around: Around) -> None:
    """Starts runs of what is uploaded."""
    function = Function(
        around.settings,
        "submit",
        around.archives["submit"],
        around.environment,
        handler="econda_functions.submit.handler",
        memory=SUBMIT_MIB,
        timeout=around.settings.scheduler_timeout_s,
        facts=around.facts("bucket", "uploads", "events", "dead_letters"),
        statements=lambda bucket, uploads, events, dead_letters: [
            policies.consumes(uploads),
            policies.sends(events, dead_letters),
            *policies.reads_and_writes(bucket),
        ],
        parent=around.parent,
    )
    function.consume(around.queues.uploads, batch=10, window=0, at_once=AT_ONCE)


def scheduler(around: Around, workers: list[Function], job_queues: list[batch.JobQueue], timers: Timers) -> None:
    """Carries events into runs and the broker, and attempts to where they run."""
    settings = around.settings
    at = f"{settings.region}:{settings.account}"
    definition = f"arn:aws:batch:{at}:job-definition/{names.job_definition(settings.team)}"
    job_role = f"arn:aws:iam::{settings.account}:role/{names.job_definition(settings.team)}"
    jobs, schedules = f"arn:aws:batch:{at}:job/*", f"arn:aws:scheduler:{at}:schedule/{timers.name}/*"
    function = Function(
        settings,
        "schedule",
        around.archives["schedule"],
        around.environment,
        handler="econda_functions.schedule.handler",
        memory=SCHEDULE_MIB,
        timeout=settings.scheduler_timeout_s,
        facts={
            **around.facts("bucket", "table", "events", "broker", "notices", "dead_letters"),
            "workers": [each.arn for each in workers],
            "job_queues": [queue.arn for queue in job_queues],
            "schedule_role": timers.role.arn,
        },
        statements=lambda bucket, table, events, broker, notices, dead_letters, workers, job_queues, schedule_role: [
            policies.consumes(events),
            policies.consumes(notices),
            policies.sends(events, broker, notices, dead_letters),
            policies.keeps_logs_of_runs(table),
            *policies.reads_and_writes(bucket),
            *policies.places_attempts(workers, job_queues, definition, jobs, schedules, schedule_role, job_role),
        ],
        parent=around.parent,
    )
    function.consume(around.queues.events, batch=GROUPED_BATCH, window=0, at_once=settings.schedulers)
    function.consume(around.queues.notices, batch=100, window=1, at_once=AT_ONCE, part="notices")


def broker(around: Around, timers: Timers) -> None:
    """Lends capacity to runs: one group of messages, so one invocation at a time."""
    at = f"{around.settings.region}:{around.settings.account}"
    schedules = f"arn:aws:scheduler:{at}:schedule/{timers.name}/*"
    function = Function(
        around.settings,
        "broker",
        around.archives["schedule"],
        around.environment,
        handler="econda_functions.broker.handler",
        memory=SCHEDULE_MIB,
        timeout=around.settings.scheduler_timeout_s,
        facts={
            **around.facts("bucket", "table", "events", "broker", "notices", "dead_letters"),
            "schedule_role": timers.role.arn,
        },
        statements=lambda bucket, table, events, broker, notices, dead_letters, schedule_role: [
            policies.consumes(broker),
            policies.sends(events, notices, dead_letters),
            policies.keeps_logs_of_runs(table),
            *policies.reads_and_writes(bucket),
            policies.allow(["scheduler:CreateSchedule"], schedules),
            policies.allow(["iam:PassRole"], schedule_role),
        ],
        parent=around.parent,
    )
    function.consume(around.queues.broker, batch=GROUPED_BATCH, window=0, at_once=2)


def batch_watcher(around: Around, job_queues: list[batch.JobQueue]) -> None:
    """Turns a job that ended without a word of its own (its host went away) into an event."""
    function = Function(
        around.settings,
        "batch-changed",
        around.archives["schedule"],
        around.environment,
        handler="econda_functions.batch_changed.handler",
        memory=BATCH_CHANGED_MIB,
        timeout=around.settings.scheduler_timeout_s,
        facts=around.facts("bucket", "notices", "dead_letters"),
        statements=lambda bucket, notices, dead_letters: [
            policies.sends(notices, dead_letters),
            *policies.reads_and_writes(bucket),
        ],
        parent=around.parent,
    )
    function.on_failure(around.queues.dead_letters, retries=2, waits=NEWS_WAITS_S)
    inside = pulumi.ResourceOptions(parent=around.parent)
    pattern = pulumi.Output.all(*[queue.arn for queue in job_queues]).apply(_failed_jobs)
    rule = cloudwatch.EventRule(function.name, name=function.name, event_pattern=pattern, opts=inside)
    lambda_.Permission(
        function.name,
        statement_id="events",
        action="lambda:InvokeFunction",
        function=function.function.name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        opts=inside,
    )
    cloudwatch.EventTarget(function.name, rule=rule.name, target_id="function", arn=function.arn, opts=inside)


def _failed_jobs(job_queues: list[str]) -> str:
    detail = {"status": ["FAILED"], "jobQueue": sorted(job_queues)}
    return json.dumps({"source": ["aws.batch"], "detail-type": ["Batch Job State Change"], "detail": detail})
