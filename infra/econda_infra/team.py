"""The whole stack of a team."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
from econda_adapters.aws.stack import Stack

from econda_infra import names, services
from econda_infra.jobs import Jobs
from econda_infra.packaging import Archive
from econda_infra.pools import digest, team_pools
from econda_infra.queues import Queues
from econda_infra.settings import Settings
from econda_infra.storage import Storage
from econda_infra.timers import Timers


class TeamStack(pulumi.ComponentResource):
    """`members`: those of `econda_adapters.aws.stack.Stack`. `archives` are those of packaging.KINDS.

    Raises names.BadTeamName.
    """

    def __init__(self, settings: Settings, archives: dict[str, Archive]) -> None:
        names.checked_team(settings.team)
        super().__init__("econda:aws:TeamStack", settings.team)
        self._settings = settings
        self.pools = team_pools(settings)
        self._queues = Queues(settings, self)
        self._storage = Storage(settings, self.pools, self._queues.uploads, self)
        self._timers = Timers(settings, self._queues.notices, self)
        before = self._members("")
        around = services.Around(settings, archives, before.apply(self._variables), self._queues, self._storage, self)
        self.members = self._members(services.gateway(around))
        around = replace(around, environment=self.members.apply(self._variables))
        jobs = Jobs(settings, self)
        workers = [services.worker(around, size) for size in settings.work_sizes_mib]
        services.submitter(around)
        services.scheduler(around, workers, services.publisher(around), jobs.queues, self._timers)
        services.broker(around, self._timers)
        services.batch_watcher(around, jobs.queues)
        self.register_outputs({"stack": self.members})

    def _members(self, gateway: pulumi.Input[str]) -> pulumi.Output[dict[str, Any]]:
        return pulumi.Output.all(
            gateway=gateway,
            team=self._settings.team,
            region=self._settings.region,
            bucket=self._storage.bucket.bucket,
            table=self._storage.table.name,
            uploads_queue=self._queues.uploads.url,
            events_queue=self._queues.events.url,
            broker_queue=self._queues.broker.url,
            notices_queue=self._queues.notices.url,
            notices_queue_arn=self._queues.notices.arn,
            lost_queue=self._queues.lost.url,
            dead_letters_queue=self._queues.dead_letters.url,
            dead_grouped_queue=self._queues.dead_grouped.url,
            schedule_group=self._timers.group.name,
            schedule_role=self._timers.role.arn,
            publisher=names.publisher(self._settings.team),
            claims_days=self._settings.retention.claims,
            runs_days=self._settings.retention.runs or 0,
        )

    def _variables(self, members: dict[str, Any]) -> dict[str, str]:
        """The environment of functions and jobs. The digest restarts warm functions when the pools change."""
        fixed = {"ECONDA_POOLS_DIGEST": digest(self.pools), **services.OBSERVED}
        # Nothing takes traces in the emulator.
        traced = {} if self._settings.emulated else {"ECONDA_TRACING": "active"}
        return {**Stack(**members).environment(), **fixed, **traced}
