"""A stack in a local cloud of its own, in which IAM is on, and what the code of a user finds in its sandbox there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.team import Team
from econda_infra import apply
from econda_local import cloud

from tests.emulator.line.conftest import User, small

SPY = """edsl 1

task spy() -> (found: String):
    run python:
        import json, os
        seen, above = {}, os.getppid()
        while above > 1:
            raw = open(f"/proc/{above}/environ", "rb").read().decode().split(chr(0))
            seen = {**dict(each.split("=", 1) for each in raw if "=" in each), **seen}
            if "AWS_LAMBDA_FUNCTION_NAME" in seen and "AWS_ACCESS_KEY_ID" in seen:
                break
            above = int(open(f"/proc/{above}/stat").read().rpartition(")")[2].split()[1])
        found = json.dumps(seen)

task made(found: String) -> (f: File):
    run shell:
        printf 'of %s' "$ECONDA_RUN" > "$OUT/f"
        echo "a line"

task read(f: File) -> (n: Int):
    run python:
        n = len(open(f).read())

pipeline p() -> (found: String, f: File, n: Int):
    a = spy()
    b = made(a.found)
    c = read(b.f)
    return found = a.found, f = b.f, n = c.n
"""


@dataclass
class Loot:
    """What a task of `run` in `namespace` has found: the environment of those that started it, up to its worker."""

    namespace: str
    run: str
    environment: dict[str, str]
    about: dict[str, Any]

    @property
    def artifact(self) -> str:
        """The key of the file that the run has made."""
        return self.about["key"]

    def client(self, service: str) -> Any:
        """A client with the credentials that were found."""
        given = self.environment
        return boto3.session.Session().client(
            service,
            region_name=given["AWS_REGION"],
            endpoint_url=given["AWS_ENDPOINT_URL"],
            aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=given["AWS_SESSION_TOKEN"],
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False, inject_host_prefix=False),
        )


@pytest.fixture(scope="session")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("denial")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTH", "true")
        local = cloud.up(folder / "cloud")
    try:
        stack = apply.up("denial", home=folder / "home", environment=local.environment(), settings=small)
        clients = Clients(local.environment())
        yield Team(stack, clients)
        clients.close()
        apply.destroy("denial", home=folder / "home", environment=local.environment(), data=True)
    finally:
        cloud.down(folder / "cloud")


def looted(team: Team, namespace: str) -> Loot:
    user = User(team, namespace)
    user.upload(SPY)
    status = user.ended()
    assert status["state"] == "succeeded", status
    run = user.the_run()
    outputs = json.loads(user.text(f"runs/{namespace}/{run}/outputs.json"))
    assert user.text(f"runs/{namespace}/{run}/outputs/f/f") == f"of {run}"
    return Loot(namespace, run, json.loads(outputs["found"]), outputs["f"]["$artifact"])


@pytest.fixture(scope="session")
def spy(team: Team) -> Loot:
    return looted(team, "blue")


@pytest.fixture(scope="session")
def victim(team: Team) -> Loot:
    team.clients("secretsmanager").create_secret(Name="econda/denial/red/db", SecretString="of red")
    return looted(team, "red")


@pytest.fixture(scope="session")
def nobody(team: Team, spy: Loot) -> Loot:
    """One with credentials of a role that has no policy at all, to tell what is not checked here for anybody."""
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = team.clients("iam").create_role(RoleName="nobody", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    given = team.clients("sts").assume_role(RoleArn=arn, RoleSessionName="nobody")["Credentials"]
    found = {"AWS_ACCESS_KEY_ID": given["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
             "AWS_SESSION_TOKEN": given["SessionToken"]}  # fmt: skip
    return Loot("", "", {**spy.environment, **found}, {})
