"""Who may do what: least privilege, read off the documents that the program makes."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

import pytest
from econda_infra import policies
from econda_infra.settings import BadPlace, checked_place

from tests.unit.infra.recording import ACCOUNT, Program


def actions(statements: list[dict], effect: str = "Allow") -> set[str]:
    return {action for each in statements if each["Effect"] == effect for action in each["Action"]}


def test_no_action_has_a_wildcard(program: Program) -> None:
    for statements in program.policies().values():
        for action in actions(statements):
            assert "*" not in action
            assert "?" not in action


def test_all_resources_only_where_aws_knows_no_others(program: Program) -> None:
    for name, statements in program.policies().items():
        for statement in statements:
            if "*" in statement["Resource"]:
                assert set(statement["Action"]) <= set(policies.UNSCOPED), name
            for resource in statement["Resource"]:
                assert resource == "*" or "vision" in resource or resource.endswith(f":{ACCOUNT}:job/*")


def test_an_action_that_could_name_its_resources_must() -> None:
    with pytest.raises(ValueError, match="must name their resources"):
        policies.unscoped("s3:GetObject")


def test_every_function_and_job_has_a_role_of_its_own(program: Program) -> None:
    roles = [inputs["role"] for inputs in program.of("Function").values()]
    assert len(set(roles)) == len(roles)
    assert set(program.policies()) >= set(program.of("Function"))


@pytest.mark.parametrize("size", [1769, 3538, 10_240])
def test_code_of_users_may_write_its_log_and_tell_that_it_was_lost(program: Program, size: int) -> None:
    statements = program.policies()[f"econda-vision-work-{size}"]
    logs = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    assert actions(statements) == {*logs, "sqs:SendMessage"}
    (sends,) = [each for each in statements if "sqs:SendMessage" in each["Action"]]
    assert [arn.rpartition(":")[2] for arn in sends["Resource"]] == ["econda-vision-lost"]


def test_jobs_have_no_role_and_are_not_root(program: Program) -> None:
    assert "econda-vision-job" not in program.policies()
    (definition,) = program.of("JobDefinition").values()
    container = json.loads(definition["containerProperties"])
    assert "jobRoleArn" not in container
    assert container["user"] not in ("", "root", "0", "0:0")


def test_the_gateway_logs_what_a_worker_goes_on_with_and_writes_nothing_else_that_is_trusted(program: Program) -> None:
    statements = program.policies()["econda-vision-gateway"]
    (table,) = [each for each in statements if "dynamodb:PutItem" in each["Action"]]
    assert table["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["claim/*", "cancel/*", "run/*"]}}
    (writes,) = [each for each in statements if "s3:PutObject" in each["Action"]]
    for key in ("runs/n/r/plan.json", "runs/n/r/status.json", "stack/pools.json", "uploads/n/x.edsl", "snapshots/x"):
        wanted = f"arn:aws:bucket:us-east-1:{ACCOUNT}:econda-vision-bucket/{key}"
        assert not any(fnmatchcase(wanted, pattern) for pattern in writes["Resource"])


def who_may(program: Program, *wanted: str) -> set[str]:
    return {name for name, statements in program.policies().items() if set(wanted) & actions(statements)}


def test_only_the_scheduler_dispatches_and_only_it_and_the_broker_set_timers(program: Program) -> None:
    assert who_may(program, "lambda:InvokeFunction", "batch:SubmitJob") == {"econda-vision-schedule"}
    both = {"econda-vision-schedule", "econda-vision-broker"}
    assert who_may(program, "scheduler:CreateSchedule", "iam:PassRole") == both
    statements = program.policies()["econda-vision-schedule"]
    (invoke,) = [each for each in statements if "lambda:InvokeFunction" in each["Action"]]
    assert sorted(arn.rpartition("-")[2] for arn in invoke["Resource"]) == ["10240", "1769", "3538", "publish"]
    (passed,) = [each for each in program.policies()["econda-vision-broker"] if "iam:PassRole" in each["Action"]]
    assert [arn.rpartition(":")[2] for arn in passed["Resource"]] == ["econda-vision-timers"]


def sent_to(program: Program, role: str) -> set[str]:
    """The queues that a role may send to."""
    allowed = [each for each in program.policies()[role] if "sqs:SendMessage" in each["Action"]]
    return {arn.rpartition(":econda-vision-")[2] for each in allowed for arn in each["Resource"]}


def test_a_timer_may_only_send_notices(program: Program) -> None:
    (statement,) = program.policies()["econda-vision-timers"]
    assert statement["Action"] == ["sqs:SendMessage"]
    assert sent_to(program, "econda-vision-timers") == {"notices"}


def test_code_of_users_cannot_speak_to_the_broker_nor_of_runs(program: Program) -> None:
    """All that a worker's role sends is Lambda's own word that an invocation of it has died."""
    for name in program.policies():
        if name.startswith("econda-vision-work-"):
            assert sent_to(program, name) <= {"lost"}


def test_whoever_buries_messages_may(program: Program) -> None:
    for part in ("submit", "schedule", "broker", "batch-changed"):
        assert "dead-letters" in sent_to(program, f"econda-vision-{part}")


def test_roles_trust_one_service_each(program: Program) -> None:
    trusted = {
        name: json.loads(inputs["assumeRolePolicy"])["Statement"][0]["Principal"]["Service"]
        for name, inputs in program.of("Role").items()
    }
    assert trusted.pop("econda-vision-timers") == "scheduler.amazonaws.com"
    assert trusted.pop("econda-vision-instance") == "ec2.amazonaws.com"
    assert set(trusted.values()) == {"lambda.amazonaws.com"}


def test_whoever_publishes_reads_what_runs_have_made_and_writes_to_the_places_named_only() -> None:
    places = ["s3://team-bucket/models", "s3://other/"]
    reads, lists, writes, sends = policies.publishes("arn:b", "arn:events", "arn:notices", places)
    assert reads["Resource"] == ["arn:b/artifacts/*", "arn:b/runs/*/outputs.json"]
    assert (lists["Action"], lists["Resource"]) == (["s3:ListBucket"], ["arn:b"])
    assert writes["Action"] == ["s3:PutObject", "s3:AbortMultipartUpload"]
    assert writes["Resource"] == ["arn:b/published/*", "arn:aws:s3:::team-bucket/models/*", "arn:aws:s3:::other/*"]
    assert sends["Resource"] == ["arn:events", "arn:notices"]


def test_without_places_it_writes_nowhere_but_below_one_prefix_of_the_stacks_bucket(program: Program) -> None:
    statements = program.policies()["econda-vision-publish"]
    (writes,) = [each for each in statements if "s3:PutObject" in each["Action"]]
    assert [arn.partition("/")[2] for arn in writes["Resource"]] == ["published/*"]
    assert sent_to(program, "econda-vision-publish") == {"events.fifo", "notices"}


@pytest.mark.parametrize("place", ["", "results", "s3://", "s3://b*/x", "s3://bucket/*", "gs://x"])
def test_a_place_to_publish_to_is_a_prefix_of_a_bucket(place: str) -> None:
    with pytest.raises(BadPlace, match="cannot publish to"):
        checked_place(place)
