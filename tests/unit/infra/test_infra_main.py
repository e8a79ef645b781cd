"""`infra/__main__.py`, the program that Pulumi runs for AWS, with Pulumi's answers made up."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import econda_infra
import pulumi
import pytest
from econda_infra.apply import program as module
from econda_infra.packaging import KINDS, Archive
from econda_infra.settings import BadTenant

from tests.unit.infra.recording import Program, Recorder

MAIN = Path(econda_infra.__path__[0]).parent / "__main__.py"
ANSWERS: dict[str, dict[str, Any]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "210987654321"},
    "aws:index/getRegion:getRegion": {"region": "eu-west-1"},
    "aws:ec2/getVpc:getVpc": {"id": "vpc-1"},
    "aws:ec2/getSubnets:getSubnets": {"ids": ["subnet-b", "subnet-a"]},
    "aws:ec2/getSecurityGroup:getSecurityGroup": {"id": "sg-default"},
}


Main = Callable[[dict[str, str]], Program]
"""Runs the program with these settings of `econda:`."""


@pytest.fixture
def run_main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Main:
    def run(config: dict[str, str]) -> Program:
        (tmp_path / "code.zip").write_bytes(b"code")
        archive = Archive(path=tmp_path / "code.zip", digest="d")
        monkeypatch.setattr("econda_infra.packaging.archives", lambda _: dict.fromkeys(KINDS, archive))
        monkeypatch.setattr(module._Engine, "call", lambda _, args: (ANSWERS[args.token], []))
        program = Program()

        def main() -> None:
            pulumi.runtime.set_all_config({f"econda:{name}": value for name, value in config.items()})
            runpy.run_path(str(MAIN))

        module.run("vision", main, Recorder(program, tmp_path))
        return program

    return run


def test_the_stack_is_named_after_pulumis_and_lives_in_the_default_network(run_main: Main) -> None:
    program = run_main({"image": "registry/worker", "concurrency": "100"})
    (bucket,) = program.of("Bucket").values()
    assert bucket["bucket"] == "econda-vision-210987654321"
    for environment in program.of("ComputeEnvironment").values():
        resources = environment["computeResources"]
        assert resources["subnets"] == ["subnet-a", "subnet-b"]
        assert resources["securityGroupIds"] == ["sg-default"]
    (definition,) = program.of("JobDefinition").values()
    assert json.loads(definition["containerProperties"])["image"] == "registry/worker"
    assert {inputs["runtime"] for inputs in program.of("Function").values()} == {"python3.13"}


def test_a_network_may_be_chosen(run_main: Main) -> None:
    chosen = {"subnets": '["subnet-x"]', "security_groups": '["sg-x"]'}
    program = run_main({"image": "i", "concurrency": "1", **chosen})
    environment = program.of("ComputeEnvironment")["econda-vision-cpu-spot"]
    assert environment["computeResources"]["subnets"] == ["subnet-x"]


def test_a_namespace_may_have_hosts_of_its_own(run_main: Main) -> None:
    hosts = {
        "isolation": "hosts",
        "shapes": [{"name": "big", "instance": "m5.8xlarge", "vcpus": 32, "memory_mib": 131072, "instances": 2}],
    }
    program = run_main({"image": "i", "concurrency": "1", "namespaces": json.dumps({"blue": hosts, "red": {}})})
    assert program.of("ComputeEnvironment")["econda-vision-big-spot-of-blue"]["computeResources"]["maxVcpus"] == 64
    assert [name for name in program.of("JobQueue") if "red" in name] == []
    queue = program.of("JobQueue")["econda-vision-big-on-demand-of-blue"]
    [order] = queue["computeEnvironmentOrders"]
    assert "big-on-demand-of-blue" in order["computeEnvironment"]


ROLE = "arn:aws:iam::123456789012:role/lake"


def test_the_gateway_alone_may_take_on_the_role_of_a_namespace(run_main: Main) -> None:
    tenant = {"role": ROLE, "external_id": "abc-1"}
    program = run_main({"image": "i", "concurrency": "1", "namespaces": json.dumps({"blue": tenant})})
    who = {name for name, inputs in program.of("RolePolicy").items() if "sts:AssumeRole" in inputs["policy"]}
    assert who == {"econda-vision-gateway"}
    [may] = [each for each in json.loads(program.of("RolePolicy")["econda-vision-gateway"]["policy"])["Statement"]
             if "sts:AssumeRole" in each["Action"]]  # fmt: skip
    assert may["Resource"] in (ROLE, [ROLE])
    told = {name: inputs["environment"]["variables"].get("ECONDA_ROLES") for name, inputs in program.of("Function").items()
            if inputs.get("environment")}  # fmt: skip
    assert {name for name, roles in told.items() if roles} == {"econda-vision-gateway"}
    assert json.loads(told["econda-vision-gateway"]) == {"blue": {"arn": ROLE, "external_id": "abc-1"}}


@pytest.mark.parametrize(
    "tenant", [{"role": ROLE}, {"role": "lake", "external_id": "abc"}, {"role": ROLE, "external_id": "a b"}]
)
def test_a_role_without_an_external_id_is_refused(run_main: Main, tenant: dict[str, str]) -> None:
    with pytest.raises(BadTenant, match="needs the ARN of a role and an external id"):
        run_main({"image": "i", "concurrency": "1", "namespaces": json.dumps({"blue": tenant})})


@pytest.mark.parametrize("name", ["Blue", "a.b", "x" * 33, "-a"])
def test_a_namespace_whose_name_names_no_hosts_is_refused(run_main: Main, name: str) -> None:
    with pytest.raises(BadTenant, match="cannot have hosts of its own"):
        run_main({"image": "i", "concurrency": "1", "namespaces": json.dumps({name: {"isolation": "hosts"}})})


def test_the_table_is_protected_until_it_is_said_otherwise(run_main: Main) -> None:
    given = {"image": "i", "concurrency": "1"}
    for config, protected in (({}, True), ({"protected": "true"}, True), ({"protected": "false"}, False)):
        (table,) = run_main({**given, **config}).of("Table").values()
        assert table["deletionProtectionEnabled"] is protected


def test_an_image_must_be_named(run_main: Main) -> None:
    with pytest.raises(pulumi.ConfigMissingError, match="econda:image"):
        run_main({"concurrency": "1"})
