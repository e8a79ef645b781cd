"""Customers' roles on STS's wire protocol."""

from __future__ import annotations

import json

import boto3
import pytest
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.customer_roles import CustomerRole, CustomerRoles
from econda_adapters.clock import now_ms

pytestmark = pytest.mark.emulator


def test_a_task_is_who_the_customer_says(local_cloud, name):
    clients = Clients(local_cloud.environment())
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}  # fmt: skip
    made = clients("iam").create_role(RoleName=f"lake-{name}", AssumeRolePolicyDocument=json.dumps(trust))["Role"][
        "Arn"
    ]
    lent = CustomerRoles("t", {"blue": CustomerRole(arn=made, external_id="abc-1")}, clients).lend(
        "blue", "p-1", now_ms()
    )
    assert 55 * 60_000 < lent.expires_ms - now_ms() <= 60 * 60_000
    task = boto3.client("sts", region_name="us-east-1", endpoint_url=local_cloud.endpoint_url, aws_access_key_id=lent.access_key_id,
                        aws_secret_access_key=lent.secret_access_key, aws_session_token=lent.session_token)  # fmt: skip
    assert task.get_caller_identity()["Arn"].endswith(f"assumed-role/lake-{name}/econda-p-1")
    task.close()
    clients.close()
