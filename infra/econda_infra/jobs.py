"""AWS Batch: a spot and an on-demand queue per shape of instance, and the one definition of their jobs."""

from __future__ import annotations

import json
from typing import Any

import pulumi
from pulumi_aws import batch, cloudwatch, iam

from econda_infra import names, policies
from econda_infra.hosts import JOB_UID, launch_template
from econda_infra.settings import Settings, Shape

COMMAND = ["python", "-m", "econda_functions.job"]
SMALLEST = {"VCPU": "1", "MEMORY": "512"}
"""Every submission says what it needs; a definition must still have some of both."""

INSTANCE_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"


class Jobs(pulumi.ComponentResource):
    """Jobs have no role: what one may do is in the assignment that it is given."""

    def __init__(self, settings: Settings, parent: pulumi.Resource) -> None:
        name = names.named(settings.team, "jobs")
        super().__init__("econda:aws:Jobs", name, None, pulumi.ResourceOptions(parent=parent))
        self._settings, self._inside = settings, pulumi.ResourceOptions(parent=self)
        profile = self._instance_profile()
        self._template = launch_template(settings, self)
        offers = [(namespace, shape, spot) for namespace, shape in settings.hosts for spot in (True, False)]
        self.queues = [self._queue(namespace, shape, spot, profile) for namespace, shape, spot in offers]
        self._define()
        self.register_outputs({"queues": [queue.arn for queue in self.queues]})

    def _instance_profile(self) -> iam.InstanceProfile:
        """What the instances' own agent may do; jobs have no role."""
        name = names.named(self._settings.team, "instance")
        role = iam.Role(name, name=name, assume_role_policy=policies.trust("ec2.amazonaws.com"), opts=self._inside)
        iam.RolePolicyAttachment(name, role=role.name, policy_arn=INSTANCE_POLICY, opts=self._inside)
        return iam.InstanceProfile(name, name=name, role=role.name, opts=self._inside)

    def _queue(self, namespace: str, shape: Shape, spot: bool, profile: iam.InstanceProfile) -> batch.JobQueue:
        name = names.job_queue(self._settings.team, shape.name, spot, namespace)
        environment = batch.ComputeEnvironment(
            name,
            name=name,
            type="MANAGED",
            compute_resources={
                "type": "SPOT" if spot else "EC2",
                "allocation_strategy": "SPOT_PRICE_CAPACITY_OPTIMIZED" if spot else "BEST_FIT_PROGRESSIVE",
                "min_vcpus": 0,
                "max_vcpus": shape.instances * shape.vcpus,
                "instance_types": [shape.instance],
                "instance_role": profile.arn,
                # By its number, so that environments follow a change of it.
                "launch_template": {
                    "launch_template_id": self._template.id,
                    "version": self._template.latest_version.apply(str),
                },
                "subnets": list(self._settings.network.subnets),
                "security_group_ids": list(self._settings.network.security_groups),
            },
            tags=self._capacity(shape),
            opts=self._inside,
        )
        return batch.JobQueue(
            name,
            name=name,
            state="ENABLED",
            priority=1,
            compute_environment_orders=[{"order": 1, "compute_environment": environment.arn}],
            opts=self._inside,
        )

    def _capacity(self, shape: Shape) -> dict[str, str]:
        """What the emulator reads, which knows no instance types."""
        memory, gpus = shape.instances * shape.usable_mib, shape.instances * shape.gpus
        return {"econda:memory-mib": str(memory), "econda:gpus": str(gpus)}

    def _define(self) -> None:
        settings, name = self._settings, names.job_definition(self._settings.team)
        log = cloudwatch.LogGroup(name, name=f"/{name}", retention_in_days=settings.log_days, opts=self._inside)
        container = log.name.apply(lambda known: json.dumps(_container(settings, known), sort_keys=True))
        batch.JobDefinition(
            name,
            name=name,
            type="container",
            platform_capabilities=["EC2"],
            container_properties=container,
            # An attempt that fails is the engine's to retry.
            retry_strategy={"attempts": 1},
            opts=self._inside,
        )


def _container(settings: Settings, log_group: str) -> dict[str, Any]:
    return {
        "image": settings.image,
        "command": COMMAND,
        "user": f"{JOB_UID}:{JOB_UID}",
        "resourceRequirements": [{"type": kind, "value": value} for kind, value in SMALLEST.items()],
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": log_group}},
    }
