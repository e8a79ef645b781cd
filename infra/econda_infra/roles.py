"""A role and what it may do, as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
from pulumi_aws import iam

from econda_infra import policies


class RoleWithPolicy(pulumi.ComponentResource):
    """A role that `trust` (a document) lets be taken on.

    `statements` is called with the values of `facts`, which are known only once other resources are made.
    """

    def __init__(
        self,
        name: str,
        trust: str,
        facts: dict[str, pulumi.Input[Any]],
        statements: Callable[..., list[policies.Statement]],
        parent: pulumi.Resource,
    ) -> None:
        super().__init__("econda:aws:RoleWithPolicy", name, None, pulumi.ResourceOptions(parent=parent))
        inside = pulumi.ResourceOptions(parent=self)
        self.role = iam.Role(name, name=name, assume_role_policy=trust, opts=inside)
        self.policy = iam.RolePolicy(
            name,
            name="may",
            role=self.role.name,
            policy=pulumi.Output.all(**facts).apply(lambda known: policies.document(statements(**known))),
            opts=inside,
        )
        # What uses the role waits for its policy too: AWS checks some rights when the user is created.
        ready = pulumi.Output.all(self.role.arn, self.policy.id)
        self.arn: pulumi.Output[str] = ready.apply(lambda both: both[0])
        self.register_outputs({"arn": self.arn})
