"""Applying resources one by one, with kinds that only write down what is asked of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from econda_adapters.aws.clients import Clients
from econda_infra.apply import applier as module
from econda_infra.apply.applier import Applier, NotApplied
from econda_infra.apply.kind import Inputs, Kind, Made, is_gone
from econda_infra.apply.program import run
from econda_infra.apply.saved import Resources


class World:
    """What exists, and what was done in order."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.error: Exception | None = None

    def create(self, _: Clients, inputs: Inputs) -> Made:
        if self.error:
            raise self.error
        self.done.append(f"create {inputs['name']}")
        return Made(inputs["name"], {"arn": f"arn:{inputs['name']}"})

    def update(self, _: Clients, made: Made, inputs: Inputs) -> Made:
        self.done.append(f"update {made.id}")
        return Made(made.id, {"arn": f"arn:{inputs['name']}"})

    def delete(self, _: Clients, made: Made) -> None:
        if self.error:
            raise self.error
        self.done.append(f"delete {made.id}")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    kinds = {
        "updated": Kind(world.create, world.delete, world.update),
        "replaced": Kind(world.create, world.delete),
        "kept": Kind(world.create, world.delete, holds_data=True),
    }
    monkeypatch.setattr(module, "KINDS", {f"test:index:{name}": kind for name, kind in kinds.items()})
    return world


def applied(folder: Path, wanted: list[tuple[str, Inputs]], said: list[Any] | None = None) -> Applier:
    applier = Applier(Clients({}), Resources(folder / "r.json", "here"), lambda *what: (said or []).append(what))
    for kind, inputs in wanted:
        applier.apply(f"urn:{inputs['name']}", f"test:index:{kind}", inputs["name"], inputs)
    applier.delete_unseen()
    return applier


def test_what_has_not_changed_is_left_alone(world: World, tmp_path: Path) -> None:
    for _ in range(2):
        applied(tmp_path, [("updated", {"name": "a"}), ("replaced", {"name": "b"})])
    assert world.done == ["create a", "create b"]


def test_what_has_changed_is_updated_or_made_anew(world: World, tmp_path: Path) -> None:
    applied(tmp_path, [("updated", {"name": "a"}), ("replaced", {"name": "b"})])
    said: list[Any] = [None]
    applied(tmp_path, [("updated", {"name": "a", "x": 1}), ("replaced", {"name": "b", "x": 1})], said)
    assert world.done[2:] == ["update a", "delete b", "create b"]
    assert said[1:] == [("updated a", "updated"), ("replaced b", "replaced")]


def test_what_holds_data_is_not_made_anew(world: World, tmp_path: Path) -> None:
    applied(tmp_path, [("kept", {"name": "a"})])
    with pytest.raises(NotApplied, match=r"a: its settings have changed, which would .* losing what it holds"):
        applied(tmp_path, [("kept", {"name": "a", "x": 1})])
    assert world.done == ["create a"]


def test_what_is_no_longer_wanted_goes_users_first(world: World, tmp_path: Path) -> None:
    applied(tmp_path, [("updated", {"name": name}) for name in "abc"])
    applied(tmp_path, [("updated", {"name": "b"})])
    assert world.done[3:] == ["delete c", "delete a"]
    assert len(Resources(tmp_path / "r.json", "here")) == 1


def test_what_somebody_else_has_removed_counts_as_removed(world: World, tmp_path: Path) -> None:
    applied(tmp_path, [("updated", {"name": "a"})])
    world.error = ClientError({"Error": {"Code": "NoSuchBucket"}}, "DeleteBucket")
    applied(tmp_path, [])
    assert len(Resources(tmp_path / "r.json", "here")) == 0


def test_what_was_made_in_another_cloud_is_not_here(world: World, tmp_path: Path) -> None:
    applied(tmp_path, [("updated", {"name": "a"})])
    assert world.done == ["create a"]
    assert len(Resources(tmp_path / "r.json", "here")) == 1
    assert len(Resources(tmp_path / "r.json", "there")) == 0


def test_an_argument_that_cannot_be_compared_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a object cannot be an argument"):
        applied(tmp_path, [("updated", {"name": "a", "x": object()})])
    assert world.done == []


def test_a_refusal_says_what_why_and_what_to_do_and_keeps_what_was_made(world: World, tmp_path: Path) -> None:
    refused = ClientError({"Error": {"Code": "LimitExceeded", "Message": "too many"}}, "CreateThing")
    applier = Applier(Clients({}), Resources(tmp_path / "r.json", "here"), lambda *_: None)
    applier.apply("urn:a", "test:index:updated", "a", {"name": "a"})
    world.error = refused
    with pytest.raises(NotApplied, match=r"b \(test:index:updated\) could not be made: .*too many.* run it again"):
        applier.apply("urn:b", "test:index:updated", "b", {"name": "b"})
    world.error = None
    applied(tmp_path, [("updated", {"name": "a"}), ("updated", {"name": "b"})])
    assert world.done == ["create a", "create b"]


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (
            ClientError({"Error": {"Code": "Conflict", "Message": "x already exists"}}, "CreateRole"),
            "something else has made one",
        ),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "is the cloud running"),
    ],
)
def test_advice_fits_the_refusal(world: World, tmp_path: Path, error: Exception, advice: str) -> None:
    world.error = error
    with pytest.raises(NotApplied, match=advice):
        applied(tmp_path, [("updated", {"name": "a"})])


def test_a_type_without_a_kind_is_refused_by_name(world: World, tmp_path: Path) -> None:
    with pytest.raises(NotApplied, match="nothing here can make a test:index:other"):
        applied(tmp_path, [("other", {"name": "a"})])
    assert world.done == []


@pytest.mark.parametrize(
    "code", ["404", "NoSuchBucket", "ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue"]
)
def test_services_say_in_many_words_that_something_is_gone(code: str) -> None:
    assert is_gone(ClientError({"Error": {"Code": code}}, "Get"))
    assert not is_gone(ClientError({"Error": {"Code": "AccessDenied"}}, "Get"))


def test_batch_says_so_in_its_message() -> None:
    gone = {"Error": {"Code": "ClientException", "Message": "Job queue x does not exist"}}
    assert is_gone(ClientError(gone, "UpdateJobQueue"))
    busy = {"Error": {"Code": "ClientException", "Message": "Cannot delete, found existing JobQueue relationship"}}
    assert not is_gone(ClientError(busy, "DeleteComputeEnvironment"))


class Thing(pulumi.CustomResource):
    arn: pulumi.Output[str]

    def __init__(self, name: str, after: pulumi.Input[str] = "") -> None:
        super().__init__("test:index:updated", name, {"name": name, "after": after, "arn": None})


def test_a_program_stops_at_its_first_failure_and_names_it(
    world: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    applier = Applier(Clients({}), Resources(tmp_path / "r.json", "here"), lambda *_: None)

    def program() -> None:
        first = Thing("first")
        bad = Thing("bad", first.arn.apply(fail))
        Thing("last", bad.arn)

    def fail(arn: str) -> str:
        world.error = ClientError({"Error": {"Code": "Teapot"}}, "CreateThing")
        return arn

    with pytest.raises(NotApplied, match=r"bad .*could not be made.*Teapot"):
        run("vision", program, applier)
    assert world.done == ["create first"]
    assert capfd.readouterr() == ("", "")


def test_a_mistake_in_the_program_is_not_swallowed(world: World, tmp_path: Path) -> None:
    def program() -> None:
        Thing("first").arn.apply(lambda arn: Thing("second", arn[999]))

    with pytest.raises(IndexError):
        run("vision", program, Applier(Clients({}), Resources(tmp_path / "r.json", "here"), lambda *_: None))
    assert world.done == ["create first"]
