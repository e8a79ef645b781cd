"""The program as AWS would get it, recorded once."""

from __future__ import annotations

import pytest
from econda_adapters.aws.stack import Stack
from econda_infra.settings import Network, Settings

from tests.unit.infra.recording import ACCOUNT, REGION, Program, recorded


@pytest.fixture(scope="session")
def on_aws() -> Settings:
    network = Network(subnets=("subnet-1", "subnet-2"), security_groups=("sg-1",))
    return Settings(team="vision", account=ACCOUNT, region=REGION, image="registry/worker", network=network)


@pytest.fixture(scope="session")
def program(on_aws: Settings, tmp_path_factory: pytest.TempPathFactory) -> Program:
    found = recorded(on_aws, tmp_path_factory.mktemp("program"))
    Stack(**found.members)  # has all of them
    return found
