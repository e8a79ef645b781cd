"""The stacks that were deployed from this machine: one folder each under `<home>/teams/`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from econda_adapters.aws.stack import Stack

STACK = "stack.json"


class Deployed(msgspec.Struct, frozen=True, kw_only=True):
    """What STACK holds: a team's stack, its pools by name, and the variables that lead boto3 to where it is."""

    stack: Stack
    pools: tuple[str, ...]
    environment: dict[str, str]


def team_folder(home: Path, team: str) -> Path:
    return home / "teams" / team


def deployed(team: str, *, home: Path) -> Deployed | None:
    """What the deployment of a team left, or None."""
    try:
        return msgspec.json.decode((team_folder(home, team) / STACK).read_bytes(), type=Deployed)
    except FileNotFoundError:
        return None


def deployed_teams(home: Path) -> list[str]:
    """Names of all teams that were deployed from here."""
    return sorted(path.parent.name for path in (home / "teams").glob(f"*/{STACK}"))
