"""The life of jobs: dependencies, arrays, retries and ends, without any process."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from econda_local.batch import definitions, environments, jobs, queues, submission
from econda_local.batch.account import Account
from econda_local.batch.endings import EXITED, attempt_end
from econda_local.batch.engine import DEPENDENCY_FAILED, Changed, Start, Stop
from econda_local.batch.model import Status
from econda_local.batch.names import Place
from econda_local.batch.process import Cause, Ending
from econda_local.batch.refusal import Refused

SIZE = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "100"}]
PLACE = Place("us-east-1", "000000000000")


@pytest.fixture
def account() -> Account:
    clock, numbers = count(1000), count(1)
    made = Account(PLACE, lambda: next(clock), lambda: f"id{next(numbers)}")
    environments.create(
        made, {"computeEnvironmentName": "ce", "type": "MANAGED", "computeResources": {"type": "SPOT", "maxvCpus": 2}}
    )
    order = [{"order": 1, "computeEnvironment": "ce"}]
    queues.create(made, {"jobQueueName": "q", "priority": 1, "computeEnvironmentOrder": order})
    container = {"image": "process:x", "command": ["run", "Ref::what"], "resourceRequirements": SIZE}
    register = {"jobDefinitionName": "d", "type": "container", "containerProperties": container}
    definitions.register(made, {**register, "parameters": {"what": "all"}})
    return made


def submit(account: Account, **members: Any) -> str:
    return submission.submit(account, {"jobName": "j", "jobQueue": "q", "jobDefinition": "d", **members})["jobId"]


def started(account: Account) -> list[str]:
    begun = [effect.job for effect in account.engine.drain() if isinstance(effect, Start)]
    for key in begun:
        account.engine.started(key, "log", account.now())
    return begun


def end(account: Account, key: str, code: int = 0, cause: Cause = Cause.EXITED) -> None:
    ended = attempt_end(PLACE, Ending(cause, code), "0" * 32, "ce", "log", 1, 2)
    account.engine.ended(key, ended, account.now())
    account.engine.schedule()


def status(account: Account, key: str) -> Status:
    return account.engine.jobs[key].status


def test_a_job_goes_through_its_states_in_order(account: Account) -> None:
    key = submit(account)
    seen = [e.detail["status"] for e in account.engine.drain() if isinstance(e, Changed)]
    account.engine.started(key, "log", 5)
    end(account, key)
    seen += [e.detail["status"] for e in account.engine.drain() if isinstance(e, Changed)]
    assert seen == ["SUBMITTED", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]


def test_parameters_replace_references(account: Account) -> None:
    key = submit(account, parameters={"what": "some"})
    assert account.engine.jobs[key].spec.command == ("run", "some")


def test_a_failed_dependency_fails_what_waits_for_it(account: Account) -> None:
    first = submit(account)
    second = submit(account, dependsOn=[{"jobId": first}])
    third = submit(account, dependsOn=[{"jobId": second}])
    assert status(account, second) is Status.PENDING
    assert started(account) == [first]
    end(account, first, code=1)
    assert [status(account, key) for key in (first, second, third)] == [Status.FAILED] * 3
    assert account.engine.jobs[third].reason == DEPENDENCY_FAILED


def test_a_sequential_array_of_ten_thousand_fails_in_one_go(account: Account) -> None:
    key = submit(account, arrayProperties={"size": 10_000}, dependsOn=[{"type": "SEQUENTIAL"}])
    assert started(account) == [f"{key}:0"]
    end(account, f"{key}:0", code=1)
    assert status(account, key) is Status.FAILED
    assert account.engine.jobs[key].children[Status.FAILED] == 10_000


def test_children_of_two_arrays_depend_on_each_other_one_by_one(account: Account) -> None:
    first = submit(account, arrayProperties={"size": 2})
    second = submit(account, arrayProperties={"size": 2}, dependsOn=[{"jobId": first, "type": "N_TO_N"}])
    assert started(account) == [f"{first}:0", f"{first}:1"]
    end(account, f"{first}:1")
    assert started(account) == [f"{second}:1"]
    for key in (f"{first}:0", f"{second}:1"):
        end(account, key)
    assert status(account, first) is Status.SUCCEEDED
    assert started(account) == [f"{second}:0"]
    end(account, f"{second}:0")
    assert status(account, second) is Status.SUCCEEDED


@pytest.mark.parametrize(
    ("condition", "cause", "expected"),
    [
        ({"onStatusReason": "Host EC2*", "action": "RETRY"}, Cause.HOST_LOST, Status.STARTING),
        ({"onStatusReason": "Host EC2*", "action": "EXIT"}, Cause.HOST_LOST, Status.FAILED),
        ({"onExitCode": "3", "action": "exit"}, Cause.EXITED, Status.FAILED),
        ({"onReason": "OutOfMemory*", "action": "EXIT"}, Cause.OUT_OF_MEMORY, Status.FAILED),
        ({"onReason": "OutOfMemory*", "action": "EXIT"}, Cause.EXITED, Status.STARTING),
        ({"onStatusReason": "Job attempt*", "action": "RETRY"}, Cause.TIMED_OUT, Status.FAILED),
    ],
)
def test_evaluate_on_exit(account: Account, condition: dict[str, str], cause: Cause, expected: Status) -> None:
    key = submit(account, retryStrategy={"attempts": 2, "evaluateOnExit": [condition]})
    started(account)
    end(account, key, code=3, cause=cause)
    assert status(account, key) is expected


def test_attempts_are_used_up(account: Account) -> None:
    key = submit(account, retryStrategy={"attempts": 2})
    for expected in (Status.STARTING, Status.FAILED):
        started(account)
        end(account, key, code=1)
        assert status(account, key) is expected
    assert len(account.engine.jobs[key].attempts) == 2


def test_an_attempt_stopped_by_reclaim_is_no_success_whatever_its_exit_code(account: Account) -> None:
    key = submit(account)
    started(account)
    end(account, key, code=0, cause=Cause.HOST_LOST)
    assert status(account, key) is Status.FAILED
    assert (account.engine.jobs[key].reason or "").startswith("Host EC2 (instance i-0")


def test_cancel_leaves_running_children_alone_and_terminate_does_not(account: Account) -> None:
    key = submit(account, arrayProperties={"size": 3})
    assert started(account) == [f"{key}:0", f"{key}:1"]
    jobs.cancel(account, {"jobId": key, "reason": "no"})
    assert [status(account, f"{key}:{n}") for n in range(3)] == [Status.RUNNING, Status.RUNNING, Status.FAILED]
    jobs.terminate(account, {"jobId": key, "reason": "really"})
    stopped = [e.job for e in account.engine.drain() if isinstance(e, Stop)]
    assert stopped == [f"{key}:0", f"{key}:1"]
    for child in stopped:
        end(account, child, code=143, cause=Cause.TERMINATED)
    assert status(account, key) is Status.FAILED
    assert account.engine.jobs[f"{key}:1"].reason == "really"


def test_capacity_is_given_back_whatever_the_end(account: Account) -> None:
    for cause in (Cause.EXITED, Cause.TIMED_OUT, Cause.HOST_LOST, Cause.NEVER_STARTED):
        key = submit(account)
        started(account)
        end(account, key, code=1, cause=cause)
    assert account.engine.environments["ce"].used.millicpus == 0


@pytest.mark.parametrize(
    "members",
    [
        {"jobQueue": "none"},
        {"jobDefinition": "none"},
        {"jobDefinition": "d:2"},
        {"jobName": "not a name"},
        {"arrayProperties": {"size": 1}},
        {"timeout": {"attemptDurationSeconds": 59}},
        {"retryStrategy": {"attempts": 11}},
        {"dependsOn": [{"jobId": "none"}]},
        {"dependsOn": [{"type": "SEQUENTIAL"}]},
        {"containerOverrides": {"resourceRequirements": [{"type": "VCPU", "value": "many"}]}},
    ],
)
def test_what_batch_refuses(account: Account, members: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        submit(account, **members)


def test_success_carries_the_usual_reason(account: Account) -> None:
    key = submit(account)
    started(account)
    end(account, key)
    assert account.engine.jobs[key].reason == EXITED
