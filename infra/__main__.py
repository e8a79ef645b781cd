"""What `pulumi up` runs: the stack of the team that Pulumi's stack is named after, in AWS."""

from __future__ import annotations

import msgspec
import pulumi
import pulumi_aws as aws
from econda_infra.packaging import Target, archives
from econda_infra.settings import Network, Settings, Tenant
from econda_infra.team import TeamStack


def default_network() -> Network:
    """The subnets of the account's default VPC, and its default security group."""
    vpc = aws.ec2.get_vpc(default=True).id
    subnets = aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc]}]).ids
    return Network(
        subnets=tuple(sorted(subnets)), security_groups=(aws.ec2.get_security_group(vpc_id=vpc, name="default").id,)
    )


def chosen_network(config: pulumi.Config) -> Network:
    """`econda:subnets` and `econda:security_groups`, two lists; the default VPC if there are none."""
    subnets, groups = config.get_object("subnets"), config.get_object("security_groups")
    if not subnets and not groups:
        return default_network()
    return Network(subnets=tuple(subnets or ()), security_groups=tuple(groups or ()))


def main() -> None:
    config = pulumi.Config("econda")
    settings = Settings(
        team=pulumi.get_stack(),
        account=aws.get_caller_identity().account_id,
        region=aws.get_region().region,
        image=config.require("image"),
        network=chosen_network(config),
        concurrency=config.require_int("concurrency"),
        publish_to=tuple(config.get_object("publish_to") or ()),
        labels=config.get_object("labels") or {},
        namespaces=msgspec.convert(config.get_object("namespaces") or {}, dict[str, Tenant]),
        protected=config.get_bool("protected") is not False,
    )
    team = TeamStack(settings, archives(Target(python=settings.python)))
    pulumi.export("stack", team.members)
    pulumi.export("pools", [pool.name for pool in team.pools.pools])


main()
