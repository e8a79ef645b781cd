"""The whole stack of a team."""

from __future__ import annotations

import json

import pulumi
from econda_adapters.aws.stack import Stack
from pulumi_aws import cloudwatch, lambda_

from econda_infra import names, policies
from econda_infra.functions import Function
from econda_infra.jobs import Jobs
from econda_infra.packaging import Archive
from econda_infra.pools import digest, team_pools
from econda_infra.queues import Queues
from econda_infra.settings import WORK_TIMEOUT_S, Settings
from econda_infra.storage import Storage
from econda_infra.timers import Timers

SUBMIT_MIB = 1024
SCHEDULE_MIB = 1769
"""One whole vCPU: the scheduler computes."""
BATCH_CHANGED_MIB = 256

SCHEDULERS_AT_ONCE = 5
"""Batches of events in parallel. They meet at the same logs, so more of them would mostly lose races."""


class TeamStack(pulumi.ComponentResource):
    """Outputs: the members of `econda_adapters.aws.stack.Stack`. `archives` are those of packaging.KINDS."""

    def __init__(self, settings: Settings, archives: dict[str, Archive]) -> None:
        names.checked_team(settings.team)
        super().__init__("econda:aws:TeamStack", settings.team)
        self._settings, self._archives = settings, archives
        self.pools = team_pools(settings)
        self._queues = Queues(settings, self)
        self._storage = Storage(settings, self.pools, self._queues.uploads, self)
        self._timers = Timers(settings, self._queues.events, self)
        self.members = self._members()
        self._environment = self.members.apply(self._variables)
        self._jobs = Jobs(settings, self._attempt_facts(), self._environment, self)
        workers = [self._worker(size) for size in settings.work_sizes_mib]
        self._submitter()
        self._scheduler(workers)
        self._batch_watcher()
        self.register_outputs({"stack": self.members})

    def _members(self) -> pulumi.Output[dict[str, str]]:
        return pulumi.Output.all(
            team=self._settings.team,
            region=self._settings.region,
            bucket=self._storage.bucket.bucket,
            table=self._storage.table.name,
            uploads_queue=self._queues.uploads.url,
            events_queue=self._queues.events.url,
            events_queue_arn=self._queues.events.arn,
            dead_letters_queue=self._queues.dead_letters.url,
            schedule_group=self._timers.group.name,
            schedule_role=self._timers.role.arn,
        )

    def _variables(self, members: dict[str, str]) -> dict[str, str]:
        """The environment of functions and jobs. The digest restarts warm functions when the pools change."""
        fixed = {
            "ECONDA_POOLS_DIGEST": digest(self.pools),
            "LOG_LEVEL": "INFO",
            "POWERTOOLS_SERVICE_NAME": "econda",
            "POWERTOOLS_METRICS_NAMESPACE": "econda",
        }
        # Nothing takes traces in the emulator.
        traced = {} if self._settings.emulated else {"ECONDA_TRACING": "active"}
        return {**Stack(**members).environment(), **fixed, **traced}

    def _attempt_facts(self) -> dict[str, pulumi.Input[str]]:
        """For `policies.runs_attempts`."""
        storage = self._storage
        return {"bucket": storage.bucket.arn, "table": storage.table.arn, "events": self._queues.events.arn}

    def _worker(self, size: int) -> Function:
        worker = Function(
            self._settings,
            f"work-{size}",
            self._archives["work"],
            self._environment,
            handler="econda_functions.work.handler",
            memory=size,
            disk=self._settings.work_disk_mib,
            timeout=WORK_TIMEOUT_S,
            facts=self._attempt_facts(),
            statements=policies.runs_attempts,
            parent=self,
        )
        # An attempt that fails is the engine's to retry.
        worker.on_failure(self._queues.events, retries=0)
        return worker

    def _submitter(self) -> None:
        submit = Function(
            self._settings,
            "submit",
            self._archives["submit"],
            self._environment,
            handler="econda_functions.submit.handler",
            memory=SUBMIT_MIB,
            timeout=self._settings.scheduler_timeout_s,
            facts={
                "bucket": self._storage.bucket.arn,
                "uploads": self._queues.uploads.arn,
                "events": self._queues.events.arn,
                "dead_letters": self._queues.dead_letters.arn,
            },
            statements=lambda bucket, uploads, events, dead_letters: [
                policies.consumes(uploads),
                policies.sends(events, dead_letters),
                *policies.reads_and_writes(bucket),
            ],
            parent=self,
        )
        submit.consume(self._queues.uploads, batch=10, window=0, at_once=SCHEDULERS_AT_ONCE)

    def _scheduler(self, workers: list[Function]) -> None:
        settings = self._settings
        at = f"{settings.region}:{settings.account}"
        definition = f"arn:aws:batch:{at}:job-definition/{names.job_definition(settings.team)}"
        schedules = f"arn:aws:scheduler:{at}:schedule/{names.named(settings.team, 'timers')}/*"
        schedule = Function(
            settings,
            "schedule",
            self._archives["schedule"],
            self._environment,
            handler="econda_functions.schedule.handler",
            memory=SCHEDULE_MIB,
            timeout=settings.scheduler_timeout_s,
            facts={
                "bucket": self._storage.bucket.arn,
                "table": self._storage.table.arn,
                "events": self._queues.events.arn,
                "dead_letters": self._queues.dead_letters.arn,
                "workers": [worker.arn for worker in workers],
                "job_queues": [queue.arn for queue in self._jobs.queues],
                "schedule_role": self._timers.role.arn,
            },
            statements=lambda bucket, table, events, dead_letters, workers, job_queues, schedule_role: [
                policies.consumes(events),
                policies.sends(events, dead_letters),
                policies.keeps_logs_of_runs(table),
                *policies.reads_and_writes(bucket),
                *policies.places_attempts(
                    workers, job_queues, definition, f"arn:aws:batch:{at}:job/*", schedules, schedule_role
                ),
            ],
            parent=self,
        )
        schedule.consume(self._queues.events, batch=1000, window=1, at_once=SCHEDULERS_AT_ONCE)

    def _batch_watcher(self) -> None:
        """A job that ended without a word of its own (its host went away) becomes an event."""
        name = names.named(self._settings.team, "batch-changed")
        watcher = Function(
            self._settings,
            "batch-changed",
            self._archives["schedule"],
            self._environment,
            handler="econda_functions.batch_changed.handler",
            memory=BATCH_CHANGED_MIB,
            timeout=self._settings.scheduler_timeout_s,
            facts={
                "bucket": self._storage.bucket.arn,
                "events": self._queues.events.arn,
                "dead_letters": self._queues.dead_letters.arn,
            },
            statements=lambda bucket, events, dead_letters: [
                policies.sends(events, dead_letters),
                *policies.reads_and_writes(bucket),
            ],
            parent=self,
        )
        watcher.on_failure(self._queues.dead_letters, retries=2)
        inside = pulumi.ResourceOptions(parent=self)
        pattern = pulumi.Output.all(*[queue.arn for queue in self._jobs.queues]).apply(_failed_jobs)
        rule = cloudwatch.EventRule(name, name=name, event_pattern=pattern, opts=inside)
        lambda_.Permission(
            name,
            statement_id="events",
            action="lambda:InvokeFunction",
            function=watcher.function.name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=inside,
        )
        cloudwatch.EventTarget(name, rule=rule.name, target_id="function", arn=watcher.arn, opts=inside)


def _failed_jobs(job_queues: list[str]) -> str:
    detail = {"status": ["FAILED"], "jobQueue": sorted(job_queues)}
    return json.dumps({"source": ["aws.batch"], "detail-type": ["Batch Job State Change"], "detail": detail})
