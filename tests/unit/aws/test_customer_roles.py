"""Customers' roles, as STS is asked for them."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber
from econda_adapters.aws.customer_roles import VARIABLE, CustomerRole, CustomerRoles, roles_of

from econda_cloud.ports.roles import RoleRefused

ARN = "arn:aws:iam::123456789012:role/lake"
ENDS = datetime(2030, 1, 1, 1, tzinfo=UTC)
HOUR_BEFORE = int(ENDS.timestamp() * 1000) - 3_600_000


@pytest.fixture
def sts():
    client = boto3.client("sts", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


def given(stub, run, key="ASIA1"):
    credentials = {"AccessKeyId": key * 4, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": ENDS}
    tags = {"econda:team": "vision", "econda:namespace": "blue", "econda:run": run}
    stub.add_response("assume_role", {"Credentials": credentials}, {
        "RoleArn": ARN, "RoleSessionName": f"econda-{run}", "ExternalId": "abc-1", "DurationSeconds": 3600,
        "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
    })  # fmt: skip


def roles(client):
    return CustomerRoles("vision", {"blue": CustomerRole(arn=ARN, external_id="abc-1")}, lambda _: client)


def test_a_role_is_taken_on_once_for_a_run_with_its_external_id_and_tags(sts):
    client, stub = sts
    given(stub, "r1")
    given(stub, "r2", "ASIA2")
    lender = roles(client)
    assert lender.lend("blue", "r1", HOUR_BEFORE) is lender.lend("blue", "r1", HOUR_BEFORE + 40 * 60_000)
    assert lender.lend("blue", "r2", HOUR_BEFORE).access_key_id == "ASIA2" * 4


def test_it_is_taken_on_again_before_its_hour_is_over(sts):
    client, stub = sts
    given(stub, "r1")
    given(stub, "r1", "ASIA2")
    lender = roles(client)
    lender.lend("blue", "r1", HOUR_BEFORE)
    assert lender.lend("blue", "r1", HOUR_BEFORE + 46 * 60_000).access_key_id == "ASIA2" * 4


def test_a_refusal_names_the_role_and_throttling_is_waited_for(sts):
    client, stub = sts
    stub.add_client_error("assume_role", "AccessDenied")
    stub.add_client_error("assume_role", "Throttling")
    lender = roles(client)
    with pytest.raises(RoleRefused, match=f"the role {ARN} of the namespace blue cannot be taken on: AccessDenied"):
        lender.lend("blue", "r1", HOUR_BEFORE)
    with pytest.raises(client.exceptions.ClientError, match="Throttling"):
        lender.lend("blue", "r1", HOUR_BEFORE)


def test_a_namespace_without_a_role_has_none(sts):
    client, _ = sts
    assert not roles(client).has("red")
    with pytest.raises(RoleRefused, match="the namespace red has no role"):
        roles(client).lend("red", "r1", HOUR_BEFORE)


def test_what_a_deployment_tells():
    assert roles_of({}) == {}
    told = {VARIABLE: '{"blue":{"arn":"' + ARN + '","external_id":"abc-1"}}'}
    assert roles_of(told) == {"blue": CustomerRole(arn=ARN, external_id="abc-1")}
