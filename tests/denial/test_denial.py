"""The code of a user, with all that is in its sandbox, is denied what is not its own; while the whole line works."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from econda_adapters.aws.gateway import gateway_address, keys_parameter, team_tokens
from econda_adapters.aws.team import Team
from econda_adapters.clock import now_ms
from econda_edsl.plan import Inline

from econda_cloud.gateway.assigning import Assigner
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.wire import worker_protocol as protocol
from econda_cloud.wire.chunk import Chunk, WorkItem, WorkTask
from econda_cloud.wire.events import AttemptSucceeded
from econda_cloud.worker.gateway.client import GatewayRefused
from econda_cloud.worker.gateway.session import Session, begin
from tests.denial.conftest import Loot
from tests.denial.operations import DENIED, answer_to, requests

pytestmark = [
    pytest.mark.emulator,
    # Of answers that no client expects, botocore leaves some connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SERVICES = ("s3", "dynamodb", "sqs", "lambda", "secretsmanager", "ssm", "scheduler", "events", "iam", "logs")
"""Those that a stack is made of. Batch is a process of our own in the local cloud, which knows no IAM."""

UNCHECKED = {"lambda"}
"""Services of which ministack checks some operations for nobody, not even for a role without any policy."""


def named(team: Team, victim: Loot) -> dict[str, Any]:
    """The stack's resources, under the names that requests have for them."""
    stack, account = team.stack, "000000000000"
    role, function = f"econda-{stack.team}-schedule", f"econda-{stack.team}-schedule"
    plan = f"runs/{victim.namespace}/{victim.run}/plan.json"
    return {
        "Bucket": stack.bucket, "Key": plan, "CopySource": f"{stack.bucket}/{plan}", "Prefix": "runs/",
        "TableName": stack.table, "TableArn": f"arn:aws:dynamodb:{stack.region}:{account}:table/{stack.table}",
        "QueueUrl": stack.events_queue, "QueueName": stack.events_queue.rpartition("/")[2],
        "FunctionName": function, "FunctionArn": f"arn:aws:lambda:{stack.region}:{account}:function:{function}",
        "SecretId": "econda/denial/red/db", "Name": keys_parameter(stack.team), "Names": [keys_parameter(stack.team)],
        "RoleName": role, "RoleArn": f"arn:aws:iam::{account}:role/{role}", "PolicyName": "may",
        "resourceArn": f"arn:aws:logs:{stack.region}:{account}:log-group:/aws/lambda/{function}",
        "GroupName": stack.schedule_group, "logGroupName": f"/aws/lambda/{function}",
        "SourceArn": stack.notices_queue_arn, "DestinationArn": stack.notices_queue_arn,
    }  # fmt: skip


def test_the_line_works_for_both(spy: Loot, victim: Loot):
    assert spy.environment["AWS_ACCESS_KEY_ID"].startswith("ASIA"), "those of the function's role"
    assert spy.client("sts").get_caller_identity()["Arn"].rpartition("/")[0].endswith("econda-denial-work-1769")
    assert victim.artifact.startswith(f"artifacts/red/packs/{victim.run}/")


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_on_what_is_deployed_is_denied(service: str, team: Team, spy: Loot, victim: Loot, nobody: Loot):
    client, control = spy.client(service), nobody.client(service)
    allowed, unchecked, number = {}, set(), 0
    for operation, request in requests(client.meta.service_model, named(team, victim)):
        number += 1
        method = next(name for name, each in client.meta.method_to_api_mapping.items() if each == operation)
        answer = answer_to(getattr(client, method), request)
        if answer in DENIED:
            continue
        # What is let through for a role that may do nothing at all is not checked here, whatever we allow.
        if answer_to(getattr(control, method), request) in DENIED:
            allowed[operation] = answer
        else:
            unchecked.add(operation)
    client.close()
    control.close()
    assert allowed == {}
    assert number > 10
    assert not unchecked or service in UNCHECKED, unchecked
    assert not unchecked & {
        "Invoke",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
        "GetFunction",
        "CreateFunction",
    }


def test_a_lost_worker_is_told_of_and_nothing_else_is_sent(team: Team, spy: Loot):
    sqs = spy.client("sqs")
    lost = team.stack.lost_queue
    assert answer_to(sqs.send_message, {"QueueUrl": lost, "MessageBody": "{}"}) == ""
    for queue in (team.stack.events_queue, team.stack.uploads_queue, team.stack.dead_letters_queue):
        assert answer_to(sqs.send_message, {"QueueUrl": queue, "MessageBody": "{}", "MessageGroupId": "g"}) in DENIED
    assert answer_to(sqs.receive_message, {"QueueUrl": lost}) in DENIED
    sqs.close()


def test_no_other_role_can_be_taken_on(team: Team, spy: Loot):
    sts = spy.client("sts")
    for part in ("schedule", "gateway", "submit", "timers", "work-1769"):
        role = f"arn:aws:iam::000000000000:role/econda-{team.stack.team}-{part}"
        assert answer_to(sts.assume_role, {"RoleArn": role, "RoleSessionName": "spy"}) in DENIED
    sts.close()


@pytest.fixture
def session(team: Team, spy: Loot):
    """A claimed chunk of the spy's namespace, and its token: what a task could find in its worker's memory."""
    secrets = {"DB": {"driver": "aws_secrets", "name": "econda/denial/red/db"}}
    task = WorkTask(name="t", run=Inline(language="python", body="y = 1"), outputs={"y": "Any"})
    chunk = Chunk(id=f"{spy.run}.99", run=spy.run, namespace=spy.namespace, task=task,
                  items=(WorkItem(instance="p/x", attempt=1, secrets=secrets),))  # fmt: skip
    address = gateway_address(team.stack.gateway, spy.environment)
    assigner = Assigner(address, team_tokens(team.stack, team.clients), MemoryBlobs())
    found = begin(assigner.assign(chunk, now_ms(), inline=True), "spy", "job", None, look=False)
    yield found
    found.client.close()


def refused(session: Session, path: str, body: protocol.Body) -> int:
    with pytest.raises(GatewayRefused) as error:
        session.client.ask(path, body, dict)
    return error.value.status


def test_the_gateway_shows_nothing_of_others(session: Session, spy: Loot, victim: Loot):
    keys = [
        victim.artifact,
        spy.artifact,
        *(
            f"runs/{each.namespace}/{each.run}/{name}"
            for each in (spy, victim)
            for name in ("plan.json", "status.json")
        ),
        f"runs/{victim.namespace}/{victim.run}/outputs/f/f",
        "stack/pools.json",
        "uploads/red/p.edsl",
    ]
    for key in keys:
        write = protocol.Write(key=key, sha256="0" * 64, size=1)
        assert refused(session, "/v1/links", protocol.AskLinks(reads=[key])) == 403
        assert refused(session, "/v1/links", protocol.AskLinks(writes=[write])) == 403
        assert refused(session, "/v1/read", protocol.Read(key=key)) == 403
        assert refused(session, "/v1/write", protocol.WriteSmall(key=key, data=b"x", conditional=False)) == 403


def test_the_gateway_tells_no_secret_of_others(session: Session):
    own_plan_names_it = {"driver": "aws_secrets", "name": "econda/denial/red/db"}
    assert refused(session, "/v1/secrets", protocol.AskSecrets(references=[own_plan_names_it])) == 424
    assert (
        refused(
            session, "/v1/secrets", protocol.AskSecrets(references=[{"driver": "file", "path": "/proc/self/environ"}])
        )
        == 403
    )


def test_the_gateway_takes_no_word_for_others(session: Session, team: Team, victim: Loot):
    def report(**about: Any) -> protocol.SendReport:
        event = AttemptSucceeded(
            **{"instance": "p/x", "attempt": 1, "outputs": {"y": 1}, "started_ms": 0, "ended_ms": 1, **about}
        )
        return protocol.SendReport(events=msgspec.Raw(msgspec.json.encode([event])))

    records = len(team.log.read(f"run/{victim.run}"))
    assert refused(session, "/v1/report", report(instance="p/read")) == 422
    assert refused(session, "/v1/report", report(outputs={"y": {"$artifact": victim.about}})) == 422
    session.client.token += "x"
    assert refused(session, "/v1/report", report()) == 401
    assert len(team.log.read(f"run/{victim.run}")) == records
