"""Where one-time schedules live, and the role they send events with."""

from __future__ import annotations

import pulumi
from pulumi_aws import scheduler, sqs

from econda_infra import names, policies
from econda_infra.roles import RoleWithPolicy
from econda_infra.settings import Settings


class Timers(pulumi.ComponentResource):
    def __init__(self, settings: Settings, notices: sqs.Queue, parent: pulumi.Resource) -> None:
        self.name = name = names.named(settings.team, "timers")
        super().__init__("econda:aws:Timers", name, None, pulumi.ResourceOptions(parent=parent))
        inside = pulumi.ResourceOptions(parent=self)
        self.group = scheduler.ScheduleGroup(name, name=name, opts=inside)
        self.role = RoleWithPolicy(
            name,
            policies.trust("scheduler.amazonaws.com", settings.account),
            {"notices": notices.arn},
            lambda notices: [policies.sends(notices)],
            self,
        )
        self.register_outputs({"group": self.group.name, "role": self.role.arn})
