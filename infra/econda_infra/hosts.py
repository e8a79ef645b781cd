"""What an instance of Batch does when it starts: keep the code of users from what it knows of itself.

Jobs share their host's network (Batch on EC2 knows no other), so neither a hop limit nor a network of their own keeps
them from the address at which an instance gives out its role's credentials. The kernel does, by who asks: containers run
as a user of their own. Whoever is root in a container can be any user, and on a host that he shares with others he can
be stopped by nothing: jobs do not run as root, and a namespace that must be safe from such people has hosts of its own.
"""

from __future__ import annotations

import base64

import pulumi
from pulumi_aws import ec2

from econda_infra import names
from econda_infra.settings import Settings

JOB_UID = 10_001
"""Who jobs run as: nobody that a host knows, and not root."""

METADATA = {"iptables": "169.254.169.254/32", "ip6tables": "fd00:ec2::254/128"}
"""Where an instance tells of itself; https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html"""


def launch_template(settings: Settings, parent: pulumi.Resource) -> ec2.LaunchTemplate:
    """How the instances of a team's compute environments start."""
    name = names.named(settings.team, "host")
    return ec2.LaunchTemplate(
        name,
        name=name,
        user_data=base64.b64encode(user_data().encode()).decode(),
        # For the bridges of Docker, if a container should have one: what is forwarded takes one hop too many.
        metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
        opts=pulumi.ResourceOptions(parent=parent),
    )


def user_data() -> str:
    """A multipart archive, as Batch asks for; it runs before the instance takes its first job."""
    rules = "\n".join(
        f"{command} --insert OUTPUT --destination {address} --match owner --uid-owner {JOB_UID} --jump REJECT"
        for command, address in METADATA.items()
    )
    # An instance on which this fails must take no job.
    script = f"#!/bin/bash\nset -e\ntrap 'shutdown --poweroff now' ERR\n{rules}\n"
    return (
        'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="==ECONDA=="\n\n'
        '--==ECONDA==\nContent-Type: text/x-shellscript; charset="us-ascii"\n\n'
        f"{script}\n--==ECONDA==--\n"
    )
