"""Queues, rules of the event bus, schedule groups."""

from __future__ import annotations

from econda_adapters.aws.clients import Clients

from econda_infra.apply.kind import Inputs, Kind, Made, put

ATTRIBUTES = {
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "redrivePolicy": "RedrivePolicy",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "deduplicationScope": "DeduplicationScope",
}
FIXED = ("FifoQueue",)
"""What a queue is made with and cannot change."""


def _create_queue(clients: Clients, inputs: Inputs) -> Made:
    client = clients("sqs")
    url = client.create_queue(QueueName=inputs["name"], Attributes=_attributes(inputs))["QueueUrl"]
    answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return Made(url, {"url": url, "arn": answer["Attributes"]["QueueArn"]})


def _update_queue(clients: Clients, made: Made, inputs: Inputs) -> Made:
    attributes = {name: value for name, value in _attributes(inputs).items() if name not in FIXED}
    clients("sqs").set_queue_attributes(QueueUrl=made.id, Attributes=attributes)
    return made


def _delete_queue(clients: Clients, made: Made) -> None:
    clients("sqs").delete_queue(QueueUrl=made.id)


def _attributes(inputs: Inputs) -> dict[str, str]:
    # Numbers arrive as floats, as in JSON.
    return {
        theirs: str(int(inputs[ours]) if isinstance(inputs[ours], float) else inputs[ours]).replace("True", "true")
        for ours, theirs in ATTRIBUTES.items()
        if ours in inputs
    }


def _queue_policy(clients: Clients, inputs: Inputs) -> Made:
    clients("sqs").set_queue_attributes(QueueUrl=inputs["queueUrl"], Attributes={"Policy": inputs["policy"]})
    return Made(inputs["queueUrl"], {})


def _delete_queue_policy(clients: Clients, made: Made) -> None:
    clients("sqs").set_queue_attributes(QueueUrl=made.id, Attributes={"Policy": ""})


def _rule(clients: Clients, inputs: Inputs) -> Made:
    answer = clients("events").put_rule(Name=inputs["name"], EventPattern=inputs["eventPattern"], State="ENABLED")
    return Made(inputs["name"], {"arn": answer["RuleArn"]})


def _delete_rule(clients: Clients, made: Made) -> None:
    clients("events").delete_rule(Name=made.id)


def _target(clients: Clients, inputs: Inputs) -> Made:
    rule, target = inputs["rule"], inputs["targetId"]
    clients("events").put_targets(Rule=rule, Targets=[{"Id": target, "Arn": inputs["arn"]}])
    return Made(f"{rule}/{target}", {})


def _delete_target(clients: Clients, made: Made) -> None:
    rule, _, target = made.id.partition("/")
    clients("events").remove_targets(Rule=rule, Ids=[target])


def _schedule_group(clients: Clients, inputs: Inputs) -> Made:
    answer = clients("scheduler").create_schedule_group(Name=inputs["name"])
    return Made(inputs["name"], {"arn": answer["ScheduleGroupArn"]})


def _delete_schedule_group(clients: Clients, made: Made) -> None:
    """AWS deletes a group's schedules with it; an emulator may keep them, and they would fire into nothing."""
    client = clients("scheduler")
    for page in client.get_paginator("list_schedules").paginate(GroupName=made.id):
        for schedule in page["Schedules"]:
            client.delete_schedule(Name=schedule["Name"], GroupName=made.id)
    client.delete_schedule_group(Name=made.id)


KINDS = {
    "aws:sqs/queue:Queue": Kind(_create_queue, _delete_queue, _update_queue, holds_data=True),
    "aws:sqs/queuePolicy:QueuePolicy": put(_queue_policy, _delete_queue_policy),
    "aws:cloudwatch/eventRule:EventRule": put(_rule, _delete_rule),
    "aws:cloudwatch/eventTarget:EventTarget": put(_target, _delete_target),
    "aws:scheduler/scheduleGroup:ScheduleGroup": Kind(_schedule_group, _delete_schedule_group),
}
