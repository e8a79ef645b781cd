"""Timers: a delayed message up to 15 minutes, a one-time schedule beyond; either way the body arrives."""

from __future__ import annotations

import json
import time

import pytest
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.sqs_queue import SqsQueue
from econda_adapters.aws.stack import Stack
from econda_adapters.aws.timers import Timers

pytestmark = pytest.mark.emulator

QUARTER_MS = 15 * 60 * 1000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def stack(local_cloud, name):
    clients = Clients(local_cloud.environment())
    url = clients("sqs").create_queue(QueueName=name)["QueueUrl"]
    arn = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    clients("scheduler").create_schedule_group(Name=name)
    role = clients("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": []}))
    found = Stack(
        team="t", region="us-east-1", bucket="", table="", uploads_queue="", events_queue="", broker_queue="", notices_queue=url, notices_queue_arn=arn,
        dead_letters_queue="", dead_grouped_queue="", schedule_group=name, schedule_role=role["Role"]["Arn"],
    )  # fmt: skip
    yield found, clients
    clients.close()


def bodies(stack: Stack, clients: Clients) -> list[str]:
    return [message.body for message in SqsQueue(stack.notices_queue, clients).receive()]


def schedules(stack: Stack, clients: Clients) -> list[str]:
    found = clients("scheduler").list_schedules(GroupName=stack.schedule_group)["Schedules"]
    return [each["Name"] for each in found]


def test_a_near_timer_is_a_delayed_message(stack, until):
    found, clients = stack
    at = now_ms() + 1_200
    Timers(found, clients).at(at, "near", now_ms())
    assert schedules(found, clients) == []
    assert bodies(found, clients) == []
    assert until(lambda: bodies(found, clients), "it arrives") == ["near"]
    assert now_ms() >= at


def test_a_timer_of_the_past_fires_at_once(stack, until):
    found, clients = stack
    Timers(found, clients).at(now_ms() - 5_000, "past", now_ms())
    assert until(lambda: bodies(found, clients), "it arrives") == ["past"]


def test_a_far_timer_is_one_schedule_however_often_it_is_set(stack):
    found, clients = stack
    at = now_ms() + 2 * QUARTER_MS
    for _ in range(2):
        Timers(found, clients).at(at, "far", now_ms())
    (name,) = schedules(found, clients)
    about = clients("scheduler").get_schedule(GroupName=found.schedule_group, Name=name)
    assert about["ActionAfterCompletion"] == "DELETE"
    assert about["Target"]["Input"] == "far"
    due = time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(-(-at // 1000)))
    assert about["ScheduleExpression"] == due


def test_a_schedule_fires_into_the_queue_and_is_gone(stack, until):
    found, clients = stack
    at = now_ms() + 2_000
    # As if it had been set twenty minutes ago.
    Timers(found, clients).at(at, "fired", at - 20 * 60_000)
    assert len(schedules(found, clients)) == 1
    assert until(lambda: bodies(found, clients), "it fires") == ["fired"]
    assert now_ms() >= at
    until(lambda: not schedules(found, clients), "the schedule is removed")
