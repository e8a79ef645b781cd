"""IAM policy documents: who may do what to exactly which resources.

A resource is `*` only in `UNSCOPED`, where AWS knows no narrower one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Statement = dict[str, Any]

UNSCOPED = (
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html
    "batch:DescribeJobs",
    "batch:ListJobs",
    "batch:DescribeJobDefinitions",
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)


def document(statements: list[Statement]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, sort_keys=True)


def trust(service: str, account: str | None = None) -> str:
    """Lets a service of AWS take a role on, for resources of `account` only where that service says whose they are."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if account is not None:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    return document([statement])


def allow(actions: list[str], *resources: str) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}


def deny(actions: list[str], *resources: str) -> Statement:
    return {"Effect": "Deny", "Action": actions, "Resource": list(resources)}


def unscoped(*actions: str) -> Statement:
    """Raises ValueError for an action that could name its resources."""
    if not set(actions) <= set(UNSCOPED):
        raise ValueError(f"{actions} must name their resources")
    return allow(list(actions), "*")


def writes_logs(group_arn: str) -> list[Statement]:
    """The group exists already, so none may be created."""
    return [
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{group_arn}:*"),
        unscoped("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
    ]


def consumes(queue_arn: str) -> Statement:
    return allow(
        ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"], queue_arn
    )


def sends(*queue_arns: str) -> Statement:
    return allow(["sqs:SendMessage"], *queue_arns)


def keeps_logs_of_runs(table_arn: str) -> Statement:
    return allow(["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:Query"], table_arn)


def reads_and_writes(bucket_arn: str) -> list[Statement]:
    """Objects of a bucket. Without the right to list, S3 answers 403 instead of 404 for a missing key."""
    objects = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"]
    return [allow(objects, f"{bucket_arn}/*"), allow(["s3:ListBucket"], bucket_arn)]


def reports_losses(lost: str) -> list[Statement]:
    """All that the code of users runs with: Lambda itself tells of an invocation that died, as the function's role."""
    return [sends(lost)]


def answers_workers(
    bucket: str, table: str, events: str, secrets: str, keys: str, roles: Sequence[str] = ()
) -> list[Statement]:
    """What the gateway does for workers: claims and cancellations, their namespaces' blobs, reports, secrets; and the next
    link of a chain, which it logs itself. roles: those that customers keep for their namespaces.
    """
    claims = allow(["dynamodb:PutItem", "dynamodb:Query"], table)
    claims["Condition"] = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["claim/*", "cancel/*", "run/*"]}}

    def under(*parts: str) -> list[str]:
        return [f"{bucket}/{part}/*" for part in parts]

    return [
        claims,
        allow(
            ["s3:GetObject"],
            *under("artifacts", "chunks", "environments", "state", "work", "runs", "snapshots/run"),
        ),
        allow(
            ["s3:PutObject", "s3:AbortMultipartUpload"],
            *under("artifacts", "environments", "live", "messages", "runs/*/logs", "state", "work"),
        ),
        # Of the checkpoints of an attempt all but the two newest are removed, with their versions.
        allow(["s3:DeleteObject", "s3:DeleteObjectVersion"], *under("work")),
        allow(["s3:ListBucket", "s3:ListBucketVersions"], bucket),
        sends(events),
        allow(["secretsmanager:GetSecretValue"], secrets),
        signs_tokens(keys),
        *([allow(["sts:AssumeRole", "sts:TagSession"], *roles)] if roles else []),
    ]


def publishes(bucket: str, events: str, notices: str, places: Sequence[str] = ()) -> list[Statement]:
    """Read what runs have made, write it to the places named, `s3://bucket/prefix`, and tell the run; Lambda tells of failures."""
    elsewhere = [f"arn:aws:s3:::{place.removeprefix('s3://').rstrip('/')}/*" for place in places]
    return [
        allow(["s3:GetObject"], f"{bucket}/artifacts/*", f"{bucket}/runs/*/outputs.json"),
        # Of a key that is missing S3 says 403 to whoever may not list.
        allow(["s3:ListBucket"], bucket),
        allow(["s3:PutObject", "s3:AbortMultipartUpload"], f"{bucket}/published/*", *elsewhere),
        sends(events, notices),
    ]


def signs_tokens(keys: str) -> Statement:
    """Read the keys, or make the first ones."""
    return allow(["ssm:GetParameter", "ssm:PutParameter"], keys)


def places_attempts(
    workers: list[str],
    job_queues: list[str],
    definition: str,
    jobs: str,
    group: str,
    schedule_role: str,
) -> list[Statement]:
    """Dispatch to functions and job queues, and timers. All ARNs; `definition` is one without revision.

    Tasks that bring an image have a definition of their own, a copy of the team's with another image.
    """
    of_images = f"{definition}-*"
    return [
        allow(["lambda:InvokeFunction"], *workers),
        allow(["batch:SubmitJob"], *job_queues, definition, f"{definition}:*", of_images),
        allow(["batch:RegisterJobDefinition"], of_images),
        allow(["batch:TerminateJob", "batch:CancelJob", "batch:TagResource"], jobs),
        unscoped("batch:DescribeJobs", "batch:ListJobs", "batch:DescribeJobDefinitions"),
        allow(["scheduler:CreateSchedule", "scheduler:DeleteSchedule"], group),
        allow(["iam:PassRole"], schedule_role),
    ]


def takes_notifications(queue_arn: str, bucket_arn: str, account: str) -> Statement:
    """For a queue's own policy: that one bucket may send to it."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": bucket_arn}, "StringEquals": {"aws:SourceAccount": account}},
    }
