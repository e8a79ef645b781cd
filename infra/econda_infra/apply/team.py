"""A team's stack in an emulator: `up` and `destroy`."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import ClientError, EndpointConnectionError
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.deployed import STACK, Deployed, team_folder
from econda_adapters.aws.gateway import keys_parameter
from econda_adapters.aws.stack import Stack

from econda_infra import names
from econda_infra.apply.applier import Applier, NotApplied, Report
from econda_infra.apply.holdings import Holdings, holdings
from econda_infra.apply.kind import is_gone
from econda_infra.apply.program import run
from econda_infra.apply.records import lift_protection
from econda_infra.apply.saved import Resources, replace
from econda_infra.packaging import Target, archives
from econda_infra.settings import Settings, emulated

BUCKET = "aws:s3/bucket:Bucket"
TABLE = "aws:dynamodb/table:Table"
NOTHING = Holdings(runs={}, newest=(), objects=0, bytes=0, all=True)


def up(
    team: str,
    *,
    home: Path,
    environment: Mapping[str, str],
    report: Report = lambda _, __: None,
    settings: Callable[[Settings], Settings] = lambda usual: usual,
) -> Stack:
    """Make a team's stack, or bring it up to date, in the emulator that `environment` leads to.

    `report` hears of each resource that changes; `settings` may change the usual ones of an emulator.
    Raises names.BadTeamName, NotApplied and packaging.PackagingFailed.
    """
    names.checked_team(team)
    there, folder = _checked(environment), team_folder(home, team)
    with _locked(folder), _clients(there) as clients:
        chosen = settings(emulated(team, clients("sts").get_caller_identity()["Account"], there["AWS_REGION"]))
        resources = _resources(folder, there)
        if not _still_there(clients, resources):
            resources.forget()
        applier = Applier(clients, resources, report)
        deployed = _apply(chosen, applier, there)
        applier.delete_unseen()
        replace(folder / STACK, msgspec.json.format(msgspec.json.encode(deployed), indent=1))
        return deployed.stack


class HoldsData(RuntimeError):
    """A stack that is not removed because of what it `holds`."""

    def __init__(self, team: str, holds: Holdings) -> None:
        super().__init__(f"team {team} holds data: {'; '.join(holds.lines())}")
        self.holds = holds


def destroy(
    team: str,
    *,
    home: Path,
    environment: Mapping[str, str],
    data: bool = False,
    report: Report = lambda _, __: None,
) -> Holdings | None:
    """Remove a team's stack, and return what was lost with it; None if there was no stack.

    One that holds data is removed only if `data` says so: before anything is touched, HoldsData is raised otherwise.
    Raises BadTeamName, NotApplied.
    """
    names.checked_team(team)
    there, folder = _checked(environment), team_folder(home, team)
    if not folder.exists():
        return None
    with _locked(folder), _clients(there) as clients:
        resources = _resources(folder, there)
        found = NOTHING if len(resources) else None
        if _still_there(clients, resources):
            bucket, table = _id_of(resources, BUCKET), _id_of(resources, TABLE)
            if bucket and table:
                found = holdings(clients, bucket, table)
                if not data and not found.empty:
                    raise HoldsData(team, found)
            if table:
                _lift_protection(clients, table)
            Applier(clients, resources, report).delete_unseen()
            _forget_keys(clients, team)
        for name in (STACK, "resources.json"):
            (folder / name).unlink(missing_ok=True)
        return found


def _id_of(resources: Resources, type_: str) -> str | None:
    return next((saved.id for _, saved in resources.newest_first() if saved.type == type_), None)


def _lift_protection(clients: Clients, table: str) -> None:
    try:
        lift_protection(clients, table)
    except ClientError as error:
        if not is_gone(error):
            raise


def _forget_keys(clients: Clients, team: str) -> None:
    """The keys that sign workers' tokens: the functions made them, so no resource stands for them."""
    with suppress(clients("ssm").exceptions.ParameterNotFound):
        clients("ssm").delete_parameter(Name=keys_parameter(team))


def _apply(settings: Settings, applier: Applier, environment: dict[str, str]) -> Deployed:
    # Pulumi takes most of a second to import, which `deployed` need not wait for.
    from econda_infra.team import TeamStack

    packages = archives(Target(python=settings.python, platform=None))
    known: dict[str, Any] = {}

    def program() -> None:
        team = TeamStack(settings, packages)
        known["pools"] = tuple(pool.name for pool in team.pools.pools)
        team.members.apply(lambda members: known.update(stack=Stack(**members)))

    run(settings.team, program, applier)
    return Deployed(stack=known["stack"], pools=known["pools"], environment=environment)


def _still_there(clients: Clients, resources: Resources) -> bool:
    """False if the emulator has lost everything, as it does when it is restarted: then its bucket is gone."""
    bucket = _id_of(resources, BUCKET)
    if bucket is None:
        return True
    try:
        clients("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if is_gone(error):
            return False
        raise
    return True


def _checked(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables with a region. Raises NotApplied if they lead to no emulator: AWS itself is Pulumi's to change."""
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not region or not environment.get("AWS_ENDPOINT_URL"):
        raise NotApplied("the environment leads to no emulator: it must set AWS_ENDPOINT_URL and AWS_REGION")
    return {**environment, "AWS_REGION": region}


def _resources(folder: Path, environment: Mapping[str, str]) -> Resources:
    return Resources(folder / "resources.json", environment["AWS_ENDPOINT_URL"])


@contextmanager
def _clients(environment: Mapping[str, str]) -> Iterator[Clients]:
    clients = Clients(environment)
    try:
        yield clients
    except EndpointConnectionError as error:
        raise NotApplied(f"no cloud answers: {error} Start it, then run this again.") from error
    finally:
        clients.close()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One deployment of a team at a time; the lock goes with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
