"""Tables and log groups."""

from __future__ import annotations

from econda_adapters.aws.clients import Clients

from econda_infra.apply.kind import Inputs, Kind, Made, WouldLoseData


def _create_table(clients: Clients, inputs: Inputs) -> Made:
    client, name = clients("dynamodb"), inputs["name"]
    answer = client.create_table(
        TableName=name,
        BillingMode=inputs["billingMode"],
        KeySchema=_keys(inputs),
        AttributeDefinitions=[
            {"AttributeName": each["name"], "AttributeType": each["type"]} for each in inputs["attributes"]
        ],
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return _settle_table(clients, Made(name, {"arn": answer["TableDescription"]["TableArn"]}), inputs)


def _settle_table(clients: Clients, made: Made, inputs: Inputs) -> Made:
    """All that can be changed of a table. Raises `WouldLoseData` for what cannot."""
    client = clients("dynamodb")
    if client.describe_table(TableName=made.id)["Table"]["KeySchema"] != _keys(inputs):
        raise WouldLoseData
    ttl = {"AttributeName": inputs["ttl"]["attributeName"], "Enabled": inputs["ttl"]["enabled"]}
    if client.describe_time_to_live(TableName=made.id)["TimeToLiveDescription"].get("AttributeName") is None:
        client.update_time_to_live(TableName=made.id, TimeToLiveSpecification=ttl)
    recovery = {"PointInTimeRecoveryEnabled": inputs["pointInTimeRecovery"]["enabled"]}
    client.update_continuous_backups(TableName=made.id, PointInTimeRecoverySpecification=recovery)
    client.update_table(TableName=made.id, DeletionProtectionEnabled=inputs["deletionProtectionEnabled"])
    return made


def _keys(inputs: Inputs) -> list[dict[str, str]]:
    return [
        {"AttributeName": inputs["hashKey"], "KeyType": "HASH"},
        {"AttributeName": inputs["rangeKey"], "KeyType": "RANGE"},
    ]


def lift_protection(clients: Clients, table: str) -> None:
    """Let the table be removed. Raises botocore's `ClientError`."""
    clients("dynamodb").update_table(TableName=table, DeletionProtectionEnabled=False)


def _delete_table(clients: Clients, made: Made) -> None:
    """DynamoDB refuses if its protection was not lifted before."""
    clients("dynamodb").delete_table(TableName=made.id)


def _create_group(clients: Clients, inputs: Inputs) -> Made:
    client, name = clients("logs"), inputs["name"]
    client.create_log_group(logGroupName=name)
    made = Made(name, {})
    return _keep_for(clients, made, inputs)


def _keep_for(clients: Clients, made: Made, inputs: Inputs) -> Made:
    client = clients("logs")
    client.put_retention_policy(logGroupName=made.id, retentionInDays=int(inputs["retentionInDays"]))
    found = client.describe_log_groups(logGroupNamePrefix=made.id)["logGroups"]
    # One of this API's two ARNs ends with `:*`; Pulumi's does not.
    arn = next(group["arn"] for group in found if group["logGroupName"] == made.id)
    return Made(made.id, {"arn": arn.removesuffix(":*")})


def _delete_group(clients: Clients, made: Made) -> None:
    clients("logs").delete_log_group(logGroupName=made.id)


KINDS = {
    "aws:dynamodb/table:Table": Kind(_create_table, _delete_table, _settle_table, holds_data=True),
    "aws:cloudwatch/logGroup:LogGroup": Kind(_create_group, _delete_group, _keep_for),
}
