"""A team's stack in the local cloud: made, left alone, changed, made anew, removed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError
from econda_adapters.aws.clients import Clients as AwsClients
from econda_adapters.aws.deployed import deployed
from econda_adapters.aws.dynamodb_run_index import DynamoRunIndex
from econda_adapters.aws.gateway import ParameterKeys, keys_parameter
from econda_adapters.aws.stack import POOLS_KEY, FunctionTarget, QueueTarget, Stack, decode_pools
from econda_infra import apply
from econda_infra.apply import holdings
from econda_infra.apply.holdings import Holdings
from econda_infra.names import BadTeamName
from econda_infra.packaging import zips
from econda_infra.retention import Retention
from econda_infra.settings import CPU
from econda_local.cloud import LocalCloud

from econda_cloud.ports.run_index import IndexedRun
from tests.waiting import Until

pytestmark = pytest.mark.emulator

Clients = Callable[..., Any]
Change = tuple[str, str]


class Deployment:
    """Deployments of teams from one home folder into the local cloud."""

    def __init__(self, cloud: LocalCloud, home: Path) -> None:
        self.home, self._cloud = home, cloud
        self.environment = cloud.environment()
        self.lost: Holdings | None = None
        self.teams: set[str] = set()

    def up(self, team: str, **chosen: Any) -> tuple[Stack, list[Change]]:
        """The stack, and what was done to which resource."""
        self.teams.add(team)
        changes: list[Change] = []
        stack = apply.up(
            team,
            home=self.home,
            environment=self._cloud.environment(),
            report=lambda *change: changes.append(change),
            settings=lambda usual: msgspec.structs.replace(usual, **chosen),
        )
        return stack, changes

    def destroy(self, team: str, *, data: bool = True) -> list[Change]:
        changes: list[Change] = []
        self.lost = apply.destroy(
            team,
            home=self.home,
            environment=self._cloud.environment(),
            data=data,
            report=lambda *c: changes.append(c),
        )
        return changes


@pytest.fixture(scope="module", autouse=True)
def frozen_sources() -> Iterator[None]:
    """Whoever edits the project while its tests run must not change what is deployed between two calls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zips, "sources", cache(zips.sources))
        yield


@pytest.fixture
def deployment(local_cloud: LocalCloud, tmp_path: Path) -> Iterator[Deployment]:
    deployment = Deployment(local_cloud, tmp_path)
    yield deployment
    for team in deployment.teams:
        deployment.destroy(team)


def left_of(team: str, client: Clients) -> set[str]:
    """Names of everything in the account that the team could have made."""
    batch, iam = client("batch"), client("iam")
    definitions = batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    found = [
        *[each["Name"] for each in client("s3").list_buckets()["Buckets"]],
        *client("dynamodb").list_tables()["TableNames"],
        *client("sqs").list_queues().get("QueueUrls", []),
        *[each["FunctionName"] for each in client("lambda").list_functions()["Functions"]],
        *[each["EventSourceArn"] for each in client("lambda").list_event_source_mappings()["EventSourceMappings"]],
        *[each["Name"] for each in client("events").list_rules()["Rules"]],
        *[each["Name"] for each in client("scheduler").list_schedule_groups()["ScheduleGroups"]],
        *[each["logGroupName"] for each in client("logs").describe_log_groups()["logGroups"]],
        *[each["LaunchTemplateName"] for each in client("ec2").describe_launch_templates()["LaunchTemplates"]],
        *[each["RoleName"] for each in iam.list_roles()["Roles"]],
        *[each["InstanceProfileName"] for each in iam.list_instance_profiles()["InstanceProfiles"]],
        *[each["computeEnvironmentName"] for each in batch.describe_compute_environments()["computeEnvironments"]],
        *[each["jobQueueName"] for each in batch.describe_job_queues()["jobQueues"]],
        *[each["jobDefinitionName"] for each in definitions],
        *[each["Name"] for each in client("ssm").describe_parameters()["Parameters"]],
    ]
    return {name for name in found if f"econda-{team}-" in name or f"/econda/{team}/" in name}


def test_up_makes_everything_and_a_second_up_changes_nothing(deployment: Deployment, client: Clients) -> None:
    stack, changes = deployment.up("first")
    assert changes
    assert {change for _, change in changes} == {"created"}
    assert deployment.up("first") == (stack, [])

    pools = decode_pools(client("s3").get_object(Bucket=stack.bucket, Key=POOLS_KEY)["Body"].read())
    for offer, raw in pools.targets.items():
        target = msgspec.json.decode(raw, type=FunctionTarget | QueueTarget)
        if isinstance(target, FunctionTarget):
            found = client("lambda").get_function_configuration(FunctionName=target.function)
            assert found["MemorySize"] == int(offer.rpartition("/")[2])
            assert found["Timeout"] * 1000 == target.limit_ms
            assert not [name for name in found["Environment"]["Variables"] if name.startswith("ECONDA_")]
        else:
            assert isinstance(target, QueueTarget)
            (queue,) = client("batch").describe_job_queues(jobQueues=[target.queue])["jobQueues"]
            assert (queue["state"], queue["status"]) == ("ENABLED", "VALID")
    for part, gateway in (("schedule", stack.gateway), ("gateway", "")):
        found = client("lambda").get_function_configuration(FunctionName=f"econda-first-{part}")
        known = Stack.from_environment(found["Environment"]["Variables"])
        assert known == msgspec.structs.replace(stack, gateway=gateway)
    assert client("lambda").get_function_url_config(FunctionName="econda-first-gateway")["FunctionUrl"] == stack.gateway
    assert client("lambda").get_function_concurrency(FunctionName="econda-first-gateway")[
        "ReservedConcurrentExecutions"
    ]
    keys = client("dynamodb").describe_table(TableName=stack.table)["Table"]["KeySchema"]
    assert [(key["AttributeName"], key["KeyType"]) for key in keys] == [("log", "HASH"), ("seq", "RANGE")]


def test_what_was_made_is_found_again_without_making_anything(deployment: Deployment, local_cloud: LocalCloud) -> None:
    assert deployed("second", home=deployment.home) is None
    stack, _ = deployment.up("second")
    found = deployed("second", home=deployment.home)
    assert found is not None
    assert found.stack == stack
    assert found.pools == ("aws.lambda", "aws.batch.cpu", "aws.batch.gpu")
    assert found.environment == local_cloud.environment()
    assert apply.destroy("second", home=deployment.home, environment=found.environment)
    assert deployed("second", home=deployment.home) is None


def test_functions_run_with_what_they_need(deployment: Deployment, client: Clients) -> None:
    deployment.up("third")
    for function, event in (
        ("submit", {"Records": [_message({"Event": "s3:TestEvent"})]}),
        ("schedule", {"Records": []}),
        ("batch-changed", {"detail": {"jobId": "of somebody else", "status": "FAILED"}}),
    ):
        answer = client("lambda").invoke(FunctionName=f"econda-third-{function}", Payload=json.dumps(event))
        said = json.load(answer["Payload"])
        if function == "schedule":  # Powertools takes no empty batch; it has been imported to say so
            assert "Records" in str(said) or said == {"batchItemFailures": []}, said
        else:
            assert "FunctionError" not in answer, said


def test_uploads_reach_the_function_through_the_queue(deployment: Deployment, client: Clients, until: Until) -> None:
    stack, _ = deployment.up("uploader")
    client("s3").put_object(Bucket=stack.bucket, Key="uploads/me/wrong.edsl", Body=b"this is no pipeline\n")
    listed = partial(client("s3").list_objects_v2, Bucket=stack.bucket, Prefix="uploads/me/wrong.edsl.errors")
    until(lambda: listed().get("Contents"), "the errors of an upload beside it")


def test_a_changed_setting_updates_functions_in_place(deployment: Deployment, client: Clients) -> None:
    deployment.up("changed")
    _, changes = deployment.up("changed", work_disk_mib=1024)
    workers = {("Function econda-changed-work-" + size, "updated") for size in ("1769", "3538", "10240")}
    assert workers <= set(changes)
    assert {change for _, change in changes} == {"updated"}
    found = client("lambda").get_function_configuration(FunctionName="econda-changed-work-1769")
    assert found["EphemeralStorage"] == {"Size": 1024}


def test_a_size_that_is_dropped_is_removed(deployment: Deployment, client: Clients) -> None:
    deployment.up("sizes")
    stack, changes = deployment.up("sizes", work_sizes_mib=(1769,))
    assert ("Function econda-sizes-work-3538", "deleted") in changes
    with pytest.raises(ClientError, match="ResourceNotFound"):
        client("lambda").get_function(FunctionName="econda-sizes-work-3538")
    pools = decode_pools(client("s3").get_object(Bucket=stack.bucket, Key=POOLS_KEY)["Body"].read())
    assert [offer.name for offer in pools.pools[0].offers] == ["aws.lambda/1769"]


def test_changed_capacity_reaches_batch(deployment: Deployment, client: Clients) -> None:
    deployment.up("capacity")
    deployment.up("capacity", shapes=(msgspec.structs.replace(CPU, instances=2),))
    (found,) = client("batch").describe_compute_environments(computeEnvironments=["econda-capacity-cpu-spot"])[
        "computeEnvironments"
    ]
    assert found["computeResources"]["maxvCpus"] == 32
    assert found["tags"]["econda:memory-mib"] == str(2 * 60 * 1024)


def test_new_code_is_deployed(deployment: Deployment, client: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment.up("coder")
    changed = {**zips.sources(), "econda_functions/work.py": b"def handler(event, context):\n    return 'new'\n"}
    monkeypatch.setattr(zips, "sources", lambda: changed)
    _, changes = deployment.up("coder")
    assert {resource.split()[0] for resource, _ in changes} == {"Function"}
    answer = client("lambda").invoke(FunctionName="econda-coder-work-1769", Payload=b"{}")
    assert json.load(answer["Payload"]) == "new"


def test_destroy_leaves_nothing_behind(
    deployment: Deployment, client: Clients, local_cloud: LocalCloud, until: Until
) -> None:
    stack, made = deployment.up("gone")
    # S3's test message wakes a function, and the emulator would give one that still runs its log group back.
    until(lambda: _messages(client, stack.uploads_queue) == 0, "the queue of uploads to be empty")
    for body in (b"1", b"2"):
        client("s3").put_object(Bucket=stack.bucket, Key="runs/x", Body=body)
    client("s3").delete_object(Bucket=stack.bucket, Key="runs/x")
    client("scheduler").create_schedule(
        Name="later",
        GroupName=stack.schedule_group,
        ScheduleExpression="at(2099-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": stack.notices_queue_arn, "RoleArn": stack.schedule_role},
    )
    # As the functions do when they first sign a token.
    ParameterKeys(keys_parameter("gone"), AwsClients(local_cloud.environment()))()
    assert keys_parameter("gone") in left_of("gone", client)
    removed = deployment.destroy("gone")
    assert sorted(resource for resource, _ in removed) == sorted(resource for resource, _ in made)
    assert left_of("gone", client) == set()
    assert deployment.destroy("gone") == []


def test_a_stack_that_holds_data_is_not_removed_unless_it_is_said(
    deployment: Deployment, client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, _ = deployment.up("full")
    index = DynamoRunIndex(stack.table, stack.bucket, AwsClients(deployment.environment))
    for number in range(3):
        client("s3").put_object(Bucket=stack.bucket, Key=f"runs/lab/a-{number}/plan.json", Body=b"12345")
        index.add(IndexedRun("lab", f"a-{number}", 1_790_000_000_000 + number))
    before = left_of("full", client)
    with pytest.raises(apply.HoldsData, match="a-2, a-1, a-0") as refused:
        deployment.destroy("full", data=False)
    held = refused.value.holds
    assert (held.runs, held.objects, held.bytes, held.all) == ({"lab": 3}, 3, 15, True)
    assert left_of("full", client) == before
    with monkeypatch.context() as patch:
        patch.setattr(holdings, "COUNTED_MOST", 2)
        with pytest.raises(apply.HoldsData, match=r"at least 2 runs \(2 of lab\).*at least 3 objects"):
            deployment.destroy("full", data=False)
    assert client("dynamodb").describe_table(TableName=stack.table)["Table"]["DeletionProtectionEnabled"] is True
    assert deployment.up("full") == (stack, [])
    deployment.destroy("full")
    assert deployment.lost == held
    assert left_of("full", client) == set()


def test_an_empty_stack_is_removed_without_more_ado(deployment: Deployment, client: Clients) -> None:
    deployment.up("empty")
    assert deployment.destroy("empty", data=False)
    assert deployment.lost is not None
    assert deployment.lost.empty
    assert left_of("empty", client) == set()


def test_the_table_is_protected_and_can_be_restored_and_the_bucket_has_rules(
    deployment: Deployment, client: Clients
) -> None:
    stack, _ = deployment.up("safe")
    with pytest.raises(ClientError, match="protected against deletion"):
        client("dynamodb").delete_table(TableName=stack.table)
    backups = client("dynamodb").describe_continuous_backups(TableName=stack.table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    ttl = client("dynamodb").describe_time_to_live(TableName=stack.table)["TimeToLiveDescription"]
    assert ttl == {"AttributeName": "expires", "TimeToLiveStatus": "ENABLED"}
    rules = {rule["ID"]: rule for rule in _rules(client, stack.bucket)}
    assert rules["checkpoints"]["Filter"] == {"Prefix": "work/"}
    assert rules["checkpoints"]["Expiration"]["Days"] == 30
    assert rules["archives"]["Filter"]["And"] == {"Prefix": "environments/", "ObjectSizeGreaterThan": 1024**2}
    _, changes = deployment.up("safe", retention=Retention(checkpoints=5), protected=False)
    assert ("BucketLifecycleConfiguration econda-safe-bucket", "updated") in changes
    assert ("Table econda-safe-log", "updated") in changes
    (rule,) = [rule for rule in _rules(client, stack.bucket) if rule["ID"] == "checkpoints"]
    assert rule["Expiration"]["Days"] == 5
    assert client("dynamodb").describe_table(TableName=stack.table)["Table"]["DeletionProtectionEnabled"] is False


def _rules(client: Clients, bucket: str) -> list[dict[str, Any]]:
    return client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]


def test_two_teams_live_side_by_side(deployment: Deployment, client: Clients) -> None:
    one, _ = deployment.up("one")
    two, _ = deployment.up("two")
    for name in one.__struct_fields__:
        assert name in ("region", "claims_days", "runs_days") or getattr(one, name) != getattr(two, name), name
    before = left_of("two", client)
    deployment.destroy("one")
    assert left_of("one", client) == set()
    assert left_of("two", client) == before
    assert deployment.up("two") == (two, [])


def test_a_cloud_that_has_forgotten_everything_gets_it_all_again(deployment: Deployment, client: Clients) -> None:
    _, made = deployment.up("lost")
    file = deployment.home / "teams" / "lost" / "resources.json"
    remembered = file.read_bytes()
    deployment.destroy("lost")  # what a restart of the emulator does
    file.write_bytes(remembered)
    _, again = deployment.up("lost")
    assert sorted(again) == sorted(made)
    assert left_of("lost", client)


def test_an_up_that_was_stopped_is_gone_on_with(deployment: Deployment, client: Clients) -> None:
    client("scheduler").create_schedule_group(Name="econda-half-timers")
    with pytest.raises(apply.NotApplied, match=r"econda-half-timers .*could not be made.*something else has made one"):
        deployment.up("half")
    client("scheduler").delete_schedule_group(Name="econda-half-timers")
    _, changes = deployment.up("half")
    assert ("ScheduleGroup econda-half-timers", "created") in changes
    assert {change for _, change in changes} == {"created"}
    assert deployment.up("half")[1] == []


def test_a_name_that_cannot_be_is_refused_before_anything_is_made(deployment: Deployment) -> None:
    with pytest.raises(BadTeamName):
        deployment.up("Not/A/Team")
    assert list(deployment.home.iterdir()) == []
    deployment.teams.clear()


def test_an_environment_that_leads_to_no_emulator_is_refused(tmp_path: Path) -> None:
    for environment in ({}, {"AWS_REGION": "us-east-1"}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}):
        with pytest.raises(apply.NotApplied, match="leads to no emulator"):
            apply.up("nowhere", home=tmp_path, environment=environment)
    assert list(tmp_path.iterdir()) == []


def test_a_cloud_that_does_not_answer_is_named(local_cloud: LocalCloud, tmp_path: Path) -> None:
    dead = {**local_cloud.environment(), "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with pytest.raises(apply.NotApplied, match=r"no cloud answers: .*127\.0\.0\.1:1.*Start it"):
        apply.up("nowhere", home=tmp_path, environment=dead)


def _messages(client: Clients, queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return sum(int(count) for count in answer["Attributes"].values())


def _message(body: Any) -> dict[str, Any]:
    return {
        "messageId": "m",
        "receiptHandle": "r",
        "body": json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:uploads",
        "awsRegion": "us-east-1",
    }
