"""Buckets and what is set on them."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError
from econda_adapters.aws.clients import Clients

from econda_infra.apply.kind import Inputs, Kind, Made, nothing, put

FIRST_REGION = "us-east-1"
"""The only region that must not be named when a bucket is made in it."""

LATE_WRITES_S = 30
"""So long something may still write to a bucket that is being deleted."""


def _create_bucket(clients: Clients, inputs: Inputs) -> Made:
    client, name = clients("s3"), inputs["bucket"]
    region = client.meta.region_name
    where = {} if region == FIRST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=name, **where)
    return Made(name, {"arn": f"arn:aws:s3:::{name}"})


def _delete_bucket(clients: Clients, made: Made) -> None:
    """Empty a bucket and delete it. What was at work when its stack went may write once more, so this is tried again."""
    for _ in range(LATE_WRITES_S):
        _empty(clients, made.id)
        try:
            clients("s3").delete_bucket(Bucket=made.id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "BucketNotEmpty":
                raise
            time.sleep(1)
        else:
            return
    _empty(clients, made.id)
    clients("s3").delete_bucket(Bucket=made.id)


def _empty(clients: Clients, bucket: str) -> None:
    client = clients("s3")
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        if objects:
            client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


def _versioning(clients: Clients, inputs: Inputs) -> Made:
    status = inputs["versioningConfiguration"]["status"]
    clients("s3").put_bucket_versioning(Bucket=inputs["bucket"], VersioningConfiguration={"Status": status})
    return Made(inputs["bucket"], {})


def _public_access(clients: Clients, inputs: Inputs) -> Made:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    blocks = {name: inputs[name[0].lower() + name[1:]] for name in names}
    clients("s3").put_public_access_block(Bucket=inputs["bucket"], PublicAccessBlockConfiguration=blocks)
    return Made(inputs["bucket"], {})


def _lifecycle(clients: Clients, inputs: Inputs) -> Made:
    rules = [_as_s3_has_it(rule) for rule in inputs["rules"]]
    clients("s3").put_bucket_lifecycle_configuration(Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": rules})
    return Made(inputs["bucket"], {})


def _as_s3_has_it(value: Any) -> Any:
    """Pulumi's names begin with a small letter, S3's with a capital one; and Pulumi has only one kind of number."""
    if isinstance(value, float):
        return int(value)
    if not isinstance(value, dict):
        return value
    return {"ID" if name == "id" else name[0].upper() + name[1:]: _as_s3_has_it(each) for name, each in value.items()}


def _notification(clients: Clients, inputs: Inputs) -> Made:
    queues = [
        {
            "QueueArn": queue["queueArn"],
            "Events": queue["events"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": queue["filterPrefix"]}]}},
        }
        for queue in inputs["queues"]
    ]
    clients("s3").put_bucket_notification_configuration(
        Bucket=inputs["bucket"], NotificationConfiguration={"QueueConfigurations": queues}
    )
    return Made(inputs["bucket"], {})


def _object(clients: Clients, inputs: Inputs) -> Made:
    content = inputs["content"].encode()
    clients("s3").put_object(
        Bucket=inputs["bucket"], Key=inputs["key"], Body=content, ContentType=inputs["contentType"]
    )
    return Made(inputs["key"], {})


KINDS = {
    "aws:s3/bucket:Bucket": Kind(_create_bucket, _delete_bucket, holds_data=True),
    "aws:s3/bucketVersioning:BucketVersioning": put(_versioning, nothing),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": put(_lifecycle, nothing),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": put(_public_access, nothing),
    "aws:s3/bucketNotification:BucketNotification": put(_notification, nothing),
    # Emptying the bucket takes its objects with it.
    "aws:s3/bucketObject:BucketObject": put(_object, nothing),
}
