"""Who may do what: least privilege, read off the documents that the program makes."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

import pytest
from econda_infra import policies

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


@pytest.mark.parametrize("role", ["econda-vision-work-1769", "econda-vision-job"])
def test_code_of_users_cannot_start_runs_or_change_pools(program: Program, role: str) -> None:
    statements = program.policies()[role]
    denied = [each for each in statements if each["Effect"] == "Deny"]
    for key in ("uploads/a.edsl", "stack/pools.json"):
        wanted = f"arn:aws:bucket:us-east-1:{ACCOUNT}:econda-vision-bucket/{key}"
        assert any(
            "s3:PutObject" in each["Action"] and any(fnmatchcase(wanted, pattern) for pattern in each["Resource"])
            for each in denied
        )
    assert not {"lambda:InvokeFunction", "batch:SubmitJob", "iam:PassRole"} & actions(statements)


def test_only_the_scheduler_dispatches(program: Program) -> None:
    dispatching = {"lambda:InvokeFunction", "batch:SubmitJob", "scheduler:CreateSchedule", "iam:PassRole"}
    able = {name for name, statements in program.policies().items() if dispatching & actions(statements)}
    assert able == {"econda-vision-schedule"}
    statements = program.policies()["econda-vision-schedule"]
    (invoke,) = [each for each in statements if "lambda:InvokeFunction" in each["Action"]]
    assert sorted(arn.rpartition("-")[2] for arn in invoke["Resource"]) == ["10240", "1769", "3538"]


def test_a_timer_may_only_send_events(program: Program) -> None:
    (statement,) = program.policies()["econda-vision-timers"]
    assert statement["Action"] == ["sqs:SendMessage"]
    assert [arn.rpartition(":")[2] for arn in statement["Resource"]] == ["econda-vision-events"]


def test_roles_trust_one_service_each(program: Program) -> None:
    trusted = {
        name: json.loads(inputs["assumeRolePolicy"])["Statement"][0]["Principal"]["Service"]
        for name, inputs in program.of("Role").items()
    }
    assert trusted.pop("econda-vision-timers") == "scheduler.amazonaws.com"
    assert trusted.pop("econda-vision-job") == "ecs-tasks.amazonaws.com"
    assert trusted.pop("econda-vision-instance") == "ec2.amazonaws.com"
    assert set(trusted.values()) == {"lambda.amazonaws.com"}
