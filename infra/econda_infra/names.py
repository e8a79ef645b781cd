"""What the resources of a team are called. Names are fixed, so that two teams never meet and people find things."""

from __future__ import annotations

import re

TEAM = re.compile(r"[a-z][a-z0-9-]{1,20}")


class BadTeamName(ValueError):
    """The team's name cannot be part of the names of AWS resources."""


def checked_team(team: str) -> str:
    """The name itself. Raises BadTeamName: a bucket's name, the narrowest, must take it."""
    if not TEAM.fullmatch(team) or team.endswith("-"):
        raise BadTeamName(
            f"{team!r} cannot name a team: take 2 to 21 lower-case letters, digits and hyphens, "
            "with a letter first and no hyphen last, such as `vision-2`"
        )
    return team


def named(team: str, part: str) -> str:
    """The name of one part of a team's stack: `econda-vision-events`."""
    return f"econda-{team}-{part}"


def grouped(name: str) -> str:
    """The name of a queue with groups: AWS asks for this ending."""
    return f"{name}.fifo"


def bucket(team: str, account: str) -> str:
    """Buckets share one name space with every account of the world, so the account is part of the name."""
    return named(team, account)


def secrets_arn(team: str, region: str, account: str) -> str:
    """The secrets of a team's tasks: those whose names begin with `econda/<team>/<namespace>/`."""
    return f"arn:aws:secretsmanager:{region}:{account}:secret:econda/{team}/*"


def keys_arn(team: str, region: str, account: str) -> str:
    """The parameter with the keys that sign workers' tokens (`econda_adapters.aws.gateway.keys_parameter`)."""
    return f"arn:aws:ssm:{region}:{account}:parameter/econda/{team}/gateway-keys"


def worker(team: str, memory_mib: int) -> str:
    """The function that runs attempts in so much memory."""
    return named(team, f"work-{memory_mib}")


def job_queue(team: str, shape: str, spot: bool, namespace: str = "") -> str:
    """The job queue, and its compute environment, of one offer; `namespace`: whom alone it serves."""
    return named(team, f"{shape}-{'spot' if spot else 'on-demand'}{f'-of-{namespace}' if namespace else ''}")


def publisher(team: str) -> str:
    """The function that copies outputs to where pipelines say."""
    return named(team, "publish")


def job_definition(team: str) -> str:
    return named(team, "job")
