"""Secrets Manager on its wire protocol."""

from __future__ import annotations

import json

import pytest
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.secrets import AwsSecrets

from econda_cloud.ports.secrets import LocalSecrets, SecretUnavailable

pytestmark = pytest.mark.emulator


@pytest.fixture
def clients(local_cloud):
    made = Clients(local_cloud.environment())
    yield made
    made.close()


def test_a_secret_and_a_field_of_one(clients, name) -> None:
    clients("secretsmanager").create_secret(Name=f"econda/{name}/plain", SecretString="tok\nen")
    clients("secretsmanager").create_secret(
        Name=f"econda/{name}/login", SecretString=json.dumps({"user": "ada", "n": 3})
    )
    secrets = AwsSecrets(clients)
    assert secrets.get({"driver": "aws_secrets", "name": f"econda/{name}/plain"}) == "tok\nen"
    assert secrets.get({"driver": "aws_secrets", "name": f"econda/{name}/login", "field": "user"}) == "ada"
    assert secrets.get({"driver": "aws_secrets", "name": f"econda/{name}/login", "field": "n"}) == "3"
    with pytest.raises(SecretUnavailable, match="no JSON object with a field `x`"):
        secrets.get({"driver": "aws_secrets", "name": f"econda/{name}/login", "field": "x"})


def test_one_that_does_not_exist_and_other_drivers(clients, name) -> None:
    secrets = AwsSecrets(clients, LocalSecrets({"A": "b"}))
    with pytest.raises(SecretUnavailable, match="ResourceNotFoundException"):
        secrets.get({"driver": "aws_secrets", "name": f"econda/{name}/none"})
    assert secrets.get({"driver": "environment", "variable": "A"}) == "b"
