"""The program asks for the right resources."""

from __future__ import annotations

import base64
import email
import json
import subprocess
from pathlib import Path

import msgspec
import pytest
from econda_adapters.aws.stack import Stack, decode_pools
from econda_infra.apply.kinds import KINDS
from econda_infra.names import BadTeamName, checked_team
from econda_infra.settings import Settings, emulated

from tests.unit.infra.recording import ACCOUNT, REGION, Program, recorded

QUEUES = {
    "econda-vision-cpu-spot",
    "econda-vision-cpu-on-demand",
    "econda-vision-gpu-spot",
    "econda-vision-gpu-on-demand",
}
WORKERS = {"econda-vision-work-1769", "econda-vision-work-3538", "econda-vision-work-10240"}
SERVICE = {f"econda-vision-{part}" for part in ("submit", "schedule", "broker", "batch-changed", "gateway", "publish")}


def test_the_emulator_can_make_and_remove_whatever_the_program_uses(program: Program) -> None:
    assert {type_ for type_, _ in program.resources} == set(KINDS)
    assert all(callable(kind.create) and callable(kind.delete) for kind in KINDS.values())


def test_functions_run_the_handlers_that_exist(program: Program) -> None:
    functions = program.of("Function")
    assert set(functions) == WORKERS | SERVICE
    for inputs in functions.values():
        module = inputs["handler"].removesuffix(".handler")
        assert module.startswith("econda_functions.")
        __import__(module)


def test_workers_have_their_sizes_serve_one_tenant_each_and_tell_who_was_lost(program: Program) -> None:
    functions, failures = program.of("Function"), program.of("FunctionEventInvokeConfig")
    for size in (1769, 3538, 10_240):
        worker = functions[f"econda-vision-work-{size}"]
        assert (worker["memorySize"], worker["timeout"], worker["ephemeralStorage"]) == (size, 900, {"size": 10_240})
        failure = failures[f"econda-vision-work-{size}"]
        assert (failure["maximumRetryAttempts"], failure["maximumEventAgeInSeconds"]) == (0, 3_600)
        assert failure["destinationConfig"]["onFailure"]["destination"].endswith(":econda-vision-lost")
        assert worker["tenancyConfig"] == {"tenantIsolationMode": "PER_TENANT"}


def test_what_could_not_be_published_is_tried_again_and_then_told_where_workers_may_not_speak(program: Program) -> None:
    failure = program.of("FunctionEventInvokeConfig")["econda-vision-publish"]
    assert failure["maximumRetryAttempts"] == 2
    assert failure["destinationConfig"]["onFailure"]["destination"].endswith(":econda-vision-notices")
    variables = program.of("Function")["econda-vision-publish"]["environment"]["variables"]
    assert json.loads(variables["ECONDA_PUBLISH_TO"]) == {"": []}


def test_anybody_reaches_the_gateway_which_has_invocations_of_its_own(program: Program) -> None:
    gateway = program.of("Function")["econda-vision-gateway"]
    assert gateway["reservedConcurrentExecutions"] == 100
    (url,) = program.of("FunctionUrl").values()
    assert (url["functionName"], url["authorizationType"]) == ("econda-vision-gateway", "NONE")
    permitted = {inputs["action"]: inputs for inputs in program.of("Permission").values() if inputs["principal"] == "*"}
    assert set(permitted) == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    assert permitted["lambda:InvokeFunctionUrl"]["functionUrlAuthType"] == "NONE"
    assert permitted["lambda:InvokeFunction"]["invokedViaFunctionUrl"] is True
    assert {each["function"] for each in permitted.values()} == {"econda-vision-gateway"}


def test_functions_know_the_stack_and_workers_nothing_of_it(program: Program) -> None:
    stack = Stack(**program.members)
    assert (stack.team, stack.region, stack.bucket) == ("vision", REGION, f"econda-vision-{ACCOUNT}")
    assert stack.gateway == "https://function-urls/econda-vision-gateway"
    for name, inputs in program.of("Function").items():
        variables = inputs["environment"]["variables"]
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "econda"
        if name in WORKERS:
            assert not [each for each in variables if each.startswith("ECONDA_")]
            continue
        known = stack if name != "econda-vision-gateway" else msgspec.structs.replace(stack, gateway="")
        assert Stack.from_environment(variables) == known
        assert len(variables["ECONDA_POOLS_DIGEST"]) == 16


def test_jobs_know_nothing_and_never_repeat_themselves(program: Program) -> None:
    (definition,) = program.of("JobDefinition").values()
    container = json.loads(definition["containerProperties"])
    assert "environment" not in container
    assert container["image"] == "registry/worker"
    assert container["command"] == ["python", "-m", "econda_functions.job"]
    assert definition["retryStrategy"] == {"attempts": 1}


def test_queues_give_functions_time_and_bury_what_kills_them(program: Program, on_aws: Settings) -> None:
    queues = program.of("Queue")
    fed = {"uploads": "dead-letters", "notices": "dead-letters", "lost": "dead-letters", "events.fifo": "dead-letters.fifo",
           "broker.fifo": "dead-letters.fifo"}  # fmt: skip
    assert set(queues) == {f"econda-vision-{part}" for part in (*fed, *fed.values())}
    for part, dead in fed.items():
        inputs = queues[f"econda-vision-{part}"]
        assert inputs["visibilityTimeoutSeconds"] >= 6 * on_aws.scheduler_timeout_s
        redrive = json.loads(inputs["redrivePolicy"])
        assert redrive["deadLetterTargetArn"].endswith(f":econda-vision-{dead}")
        # Functions bury what nobody can handle; what the world does not allow now is waited for, however long.
        assert redrive["maxReceiveCount"] == 1_000
    for dead in fed.values():
        assert "redrivePolicy" not in queues[f"econda-vision-{dead}"]
        assert queues[f"econda-vision-{dead}"]["messageRetentionSeconds"] == 14 * 24 * 3600


def test_queues_with_groups_take_as_many_messages_as_there_are_groups(program: Program) -> None:
    for name, inputs in program.of("Queue").items():
        grouped = name.endswith(".fifo")
        assert inputs.get("fifoQueue", False) == grouped
        if grouped and "dead" not in name:
            assert (inputs["fifoThroughputLimit"], inputs["deduplicationScope"]) == (
                "perMessageGroupId",
                "messageGroup",
            )


def test_functions_are_fed_by_their_queues(program: Program) -> None:
    mappings = program.of("EventSourceMapping")
    fed = {"submit": ("uploads", 10), "schedule": ("events.fifo", 10), "schedule-notices": ("notices", 100),
           "schedule-lost": ("lost", 10), "broker": ("broker.fifo", 10)}  # fmt: skip
    assert set(mappings) == {f"econda-vision-{name}" for name in fed}
    for name, (queue, batch) in fed.items():
        mapping = mappings[f"econda-vision-{name}"]
        assert mapping["eventSourceArn"].endswith(f":econda-vision-{queue}")
        assert mapping["batchSize"] == batch
        assert batch <= 10 or mapping["maximumBatchingWindowInSeconds"] >= 1  # AWS refuses it otherwise
        assert batch <= 10 or not queue.endswith(".fifo")  # as well
        assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["scalingConfig"]["maximumConcurrency"] >= 2  # the least AWS takes


def test_uploads_of_a_versioned_bucket_are_told_to_their_queue(program: Program) -> None:
    (notification,) = program.of("BucketNotification").values()
    (queue,) = notification["queues"]
    assert queue["queueArn"].endswith(":econda-vision-uploads")
    assert (queue["events"], queue["filterPrefix"]) == (["s3:ObjectCreated:*"], "uploads/")
    (versioning,) = program.of("BucketVersioning").values()
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    (policy,) = program.of("QueuePolicy").values()
    (statement,) = json.loads(policy["policy"])["Statement"]
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(":econda-vision-bucket")


def test_failed_jobs_of_this_stack_only_are_watched(program: Program) -> None:
    (rule,) = program.of("EventRule").values()
    pattern = json.loads(rule["eventPattern"])
    assert (pattern["source"], pattern["detail"]["status"]) == (["aws.batch"], ["FAILED"])
    assert {arn.rpartition(":")[2] for arn in pattern["detail"]["jobQueue"]} == QUEUES == set(program.of("JobQueue"))
    (target,) = program.of("EventTarget").values()
    assert target["arn"].endswith(":econda-vision-batch-changed")


def test_capacity_is_one_environment_per_queue(program: Program) -> None:
    environments = program.of("ComputeEnvironment")
    assert set(environments) == QUEUES
    kinds = {name: inputs["computeResources"]["type"] for name, inputs in environments.items()}
    assert kinds == {name: "SPOT" if name.endswith("spot") else "EC2" for name in QUEUES}
    gpu = environments["econda-vision-gpu-spot"]
    assert gpu["computeResources"]["instanceTypes"] == ["g4dn.xlarge"]
    assert gpu["computeResources"]["subnets"] == ["subnet-1", "subnet-2"]
    assert gpu["tags"]["econda:gpus"] == str(int(gpu["computeResources"]["maxVcpus"]) // 4)


def test_hosts_keep_jobs_from_the_instance_s_own_credentials(program: Program) -> None:
    (template,) = program.of("LaunchTemplate").values()
    assert template["metadataOptions"]["httpTokens"] == "required"
    archive = email.message_from_bytes(base64.b64decode(template["userData"]))
    (part,) = archive.get_payload()
    script = part.get_payload()
    (definition,) = program.of("JobDefinition").values()
    user = json.loads(definition["containerProperties"])["user"].partition(":")[0]
    for command, address in (("iptables", "169.254.169.254/32"), ("ip6tables", "fd00:ec2::254/128")):
        assert (
            f"{command} --insert OUTPUT --destination {address} --match owner --uid-owner {user} --jump REJECT"
            in script
        )
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for environment in program.of("ComputeEnvironment").values():
        used = environment["computeResources"]["launchTemplate"]
        assert used == {"launchTemplateId": "econda-vision-host", "version": "3"}


def test_every_offer_leads_to_something_that_is_deployed(program: Program) -> None:
    (document,) = program.of("BucketObject").values()
    assert document["key"] == "stack/pools.json"
    pools = decode_pools(document["content"].encode())
    offers = {offer.name for pool in pools.pools for offer in pool.offers}
    assert offers == set(pools.targets)
    functions = {inputs["name"] for inputs in program.of("Function").values()}
    for target in pools.targets.values():
        about = msgspec.json.decode(target)
        assert (about.get("function") or about["queue"]) in functions | QUEUES


def test_logs_do_not_pile_up(program: Program) -> None:
    groups = program.of("LogGroup")
    assert {f"/aws/lambda/{name}" for name in WORKERS | SERVICE} < {inputs["name"] for inputs in groups.values()}
    assert all(inputs["retentionInDays"] == 30 for inputs in groups.values())


def test_in_the_emulator_jobs_are_processes_and_nothing_is_traced(tmp_path: Path) -> None:
    program = recorded(emulated("vision", ACCOUNT, REGION), tmp_path)
    (definition,) = program.of("JobDefinition").values()
    assert json.loads(definition["containerProperties"])["image"] == "process:econda"
    for inputs in program.of("Function").values():
        assert inputs["tracingConfig"] == {"mode": "PassThrough"}
        assert "ECONDA_TRACING" not in inputs["environment"]["variables"]


@pytest.mark.parametrize("team", ["", "a", "Vision", "2d", "a_b", "a" * 22, "a/b", "vision-", "-a", "a.b", "vision\n"])
def test_other_names_of_teams_are_refused(team: str) -> None:
    with pytest.raises(BadTeamName, match="cannot name a team"):
        checked_team(team)


@pytest.mark.parametrize("team", ["ab", "vision-2", "a" * 21])
def test_names_of_teams(team: str) -> None:
    assert checked_team(team) == team
