"""The deployed functions: what feeds each, and what it may touch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial

import msgspec
import pulumi
from econda_adapters.aws.customer_roles import VARIABLE, CustomerRole
from econda_adapters.aws.publishing import VARIABLE as PLACES
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
GATEWAY_MIB = 512
PUBLISH_MIB = 1024
GATEWAY_TIMEOUT_S = 30

OBSERVED = {
    "LOG_LEVEL": "INFO",
    "POWERTOOLS_SERVICE_NAME": "econda",
    "POWERTOOLS_METRICS_NAMESPACE": "econda",
}
"""Variables that every function has."""

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
            "lost": self.queues.lost.arn,
            "keys": names.keys_arn(self.settings.team, self.settings.region, self.settings.account),
            "secrets": names.secrets_arn(self.settings.team, self.settings.region, self.settings.account),
        }
        return {name: arns[name] for name in wanted}


def worker(around: Around, size: int) -> Function:
    """Runs chunks of attempts in `size` MiB. It is told nothing of the stack: each assignment says where to ask."""
    function = Function(
        around.settings,
        f"work-{size}",
        around.archives["work"],
        OBSERVED,
        handler="econda_functions.work.handler",
        memory=size,
        disk=around.settings.work_disk_mib,
        timeout=WORK_TIMEOUT_S,
        facts=around.facts("lost"),
        statements=policies.reports_losses,
        parent=around.parent,
        per_tenant=True,
    )
    # An attempt that fails is the engine's to retry.
    function.on_failure(around.queues.lost, retries=0, waits=INVOCATION_WAITS_S)
    return function


def gateway(around: Around) -> pulumi.Output[str]:
    """Answers workers; its URL."""
    function = Function(
        around.settings,
        "gateway",
        around.archives["gateway"],
        _with_roles(around),
        handler="econda_functions.gateway.handler",
        memory=GATEWAY_MIB,
        timeout=GATEWAY_TIMEOUT_S,
        facts=around.facts("bucket", "table", "events", "secrets", "keys"),
        statements=partial(policies.answers_workers, roles=[each.role for each in around.settings.roles.values()]),
        parent=around.parent,
        reserved=around.settings.gateway_at_once,
    )
    return function.url()


def _with_roles(around: Around) -> pulumi.Output[dict[str, str]]:
    """The gateway alone knows customers' roles."""
    roles = {
        name: CustomerRole(arn=tenant.role, external_id=tenant.external_id)
        for name, tenant in around.settings.roles.items()
    }
    told = {VARIABLE: msgspec.json.encode(roles).decode()} if roles else {}
    return around.environment.apply(lambda known: {**known, **told})


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


def publisher(around: Around) -> Function:
    """Copies outputs of runs that have ended well to where their pipelines say, and to nowhere else than it was told of."""
    settings = around.settings
    function = Function(
        settings,
        "publish",
        around.archives["schedule"],
        _with_places(around),
        handler="econda_functions.publish.handler",
        memory=PUBLISH_MIB,
        disk=settings.work_disk_mib,
        timeout=WORK_TIMEOUT_S,
        facts=around.facts("bucket", "events", "notices"),
        statements=partial(policies.publishes, places=settings.publish_places),
        parent=around.parent,
    )
    # Its last failure is told to the run.
    function.on_failure(around.queues.notices, retries=2, waits=NEWS_WAITS_S)
    return function


def _with_places(around: Around) -> pulumi.Output[dict[str, str]]:
    told = {PLACES: msgspec.json.encode(around.settings.publish_by_namespace).decode()}
    return around.environment.apply(lambda known: {**known, **told})


def scheduler(
    around: Around,
    workers: list[Function],
    publisher: Function,
    job_queues: list[batch.JobQueue],
    timers: Timers,
) -> None:
    """Carries events into runs and the broker, and attempts to where they run."""
    settings = around.settings
    at = f"{settings.region}:{settings.account}"
    definition = f"arn:aws:batch:{at}:job-definition/{names.job_definition(settings.team)}"
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
            **around.facts("bucket", "table", "events", "broker", "notices", "lost", "dead_letters", "keys"),
            "workers": [each.arn for each in (*workers, publisher)],
            "job_queues": [queue.arn for queue in job_queues],
            "schedule_role": timers.role.arn,
        },
        statements=lambda bucket, table, events, broker, notices, lost, dead_letters, keys, workers, job_queues, schedule_role: [
            policies.consumes(events),
            policies.consumes(notices),
            policies.consumes(lost),
            policies.signs_tokens(keys),
            policies.sends(events, broker, notices, dead_letters),
            policies.keeps_logs_of_runs(table),
            *policies.reads_and_writes(bucket),
            *policies.places_attempts(workers, job_queues, definition, jobs, schedules, schedule_role),
        ],
        parent=around.parent,
    )
    function.consume(around.queues.events, batch=GROUPED_BATCH, window=0, at_once=settings.schedulers)
    function.consume(around.queues.notices, batch=100, window=1, at_once=AT_ONCE, part="notices")
    function.consume(around.queues.lost, batch=10, window=0, at_once=AT_ONCE, part="lost")


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
