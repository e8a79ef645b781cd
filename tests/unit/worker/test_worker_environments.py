"""Environments: resolved once, built once, mounted by every kind of task; failures that name the package."""

import subprocess
import sys

import pytest
from econda_edsl.plan import Environment, Inline, Plan

from econda_cloud.environments.archives import archive_key, known_archives, resolved_key, resolved_pins
from econda_cloud.environments.pins import with_pins
from econda_cloud.wire.chunk import Build
from econda_cloud.wire.events import AttemptSucceeded
from econda_cloud.worker.environments.build import resolve, resolve_once
from econda_cloud.worker.environments.uv import UvFailed, find_uv, last_words, without_credentials
from tests.unit.worker.wheels import CountedUv, local_index, make_wheel

OUT = {"archive": "String"}


@pytest.fixture(autouse=True)
def wheels(tmp_path, monkeypatch):
    """Two versions of `tiny`, and `tinier`, which needs it."""
    local_index(tmp_path / "wheels", monkeypatch.setenv)
    for name, version, needs in [("tiny", "1.0", ()), ("tiny", "2.0", ()), ("tinier", "1.0", ("tiny>=1",))]:
        make_wheel(tmp_path / "wheels", name, version, needs)


@pytest.fixture
def uv(tmp_path, monkeypatch):
    return CountedUv(tmp_path, monkeypatch)


def test_resolving_gives_every_package_with_its_hash():
    pins = resolve(["tinier"])
    assert [pin.split(" ")[0] for pin in pins] == ["tinier==1.0", "tiny==2.0"]
    assert all(" --hash=sha256:" in pin for pin in pins)


def test_packages_are_resolved_once_in_a_namespace(blobs, uv, tmp_path):
    first = resolve_once("env-1", ["tiny"], blobs, "n")
    make_wheel(tmp_path / "wheels", "tiny", "3.0")
    assert resolve_once("env-1", ["tiny"], blobs, "n") == first == resolved_pins(blobs, "env-1", "n")
    assert uv.runs == ["compile"]
    blobs.put(resolved_key("env-1", "n"), b'["tiny==9 --index-url=http://elsewhere"]')
    assert resolve_once("env-1", ["tiny"], blobs, "n") != first


def test_the_same_pins_are_built_once(go, blobs, uv):
    [first] = go(Build(key="env-1", packages=("tiny==1.0",)), outputs=OUT)
    [second] = go(Build(key="env-1", packages=("tiny==1.0",)), outputs=OUT, scratch="other")
    [third] = go(
        Build(key="env-2", packages=("tiny<2",), pins=resolved_pins(blobs, "env-1", "n")), outputs=OUT, scratch="third"
    )
    assert isinstance(first, AttemptSucceeded), first
    assert (
        first.outputs
        == second.outputs
        == third.outputs
        == {"archive": archive_key(resolved_pins(blobs, "env-1", "n"), "n")}
    )
    assert uv.runs == ["compile", "install"]
    with open(first.log) as log:
        assert "tiny==1.0" in log.read()


def test_every_kind_of_task_sees_the_packages(go):
    [built] = go(Build(key="env-1", packages=("tinier", "tiny==1.0")), outputs=OUT)
    archive = built.outputs["archive"]
    body = "import tiny, subprocess, sys\nv = tiny.VERSION\nw = subprocess.check_output(['say-tiny'], text=True).strip()\nx = sys.version_info[:2]"
    outputs = {"v": "String", "w": "String", "x": "List[Int]"}
    [python] = go(body, outputs=outputs, archive=archive)
    script = 'say-tiny > "$OUT/v"; python -c "import tiny; print(tiny.VERSION)" > "$OUT/w"\n'
    script += 'python -c "import sys; print(list(sys.version_info[:2]))" > "$OUT/x"'
    [shell] = go(Inline(language="shell", body=script), outputs=outputs, archive=archive)
    assert python.outputs == shell.outputs == {"v": "1.0", "w": "1.0", "x": list(sys.version_info[:2])}
    [without] = go("import tiny")
    assert "No module named 'tiny'" in without.message


def test_scripts_name_no_python_of_the_machine_that_built_them(go, blobs, tmp_path):
    [built] = go(Build(key="env-1", packages=("tiny",)), outputs=OUT)
    data = blobs.get(built.outputs["archive"])
    assert b"#!/usr/bin/env python3\n" in data
    assert sys.executable.encode() not in data
    assert str(tmp_path).encode() not in data


def test_a_package_that_does_not_exist_is_named(go, blobs):
    [report] = go(Build(key="env-1", packages=("tiny", "not-there-at-all==3")), outputs=OUT)
    assert report.failure == "failed"
    assert "not-there-at-all" in report.message
    assert "not found" in report.message
    assert not blobs.exists(resolved_key("env-1", "n"))
    with pytest.raises(UvFailed, match="tiny==7"):
        resolve(["tiny==7"])


def test_pins_of_another_content_are_refused(go, blobs):
    [pin] = resolve(["tiny==1.0"])
    wrong = pin.partition("--hash")[0] + "--hash=sha256:" + "0" * 64
    [report] = go(Build(key="env-1", packages=("tiny",), pins=(wrong,)), outputs=OUT)
    assert report.failure == "failed"
    assert "Hash mismatch" in report.message
    assert not blobs.exists(archive_key((wrong,), "n"))


@pytest.mark.parametrize("package", ["--index-url=http://elsewhere", "-r/etc/hostname", "tiny\n--pre"])
def test_no_option_gets_to_uv_as_a_package(package, uv):
    with pytest.raises(UvFailed, match="is not a package requirement"):
        resolve([package])
    assert uv.runs == []


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return lambda: str(path)


def test_credentials_are_never_said(go, tmp_path, monkeypatch):
    # uv hides most credentials itself, so one stands in that does not.
    says = 'echo "Looking at http://ann:s3cr3t@p@index.test/a"; echo "error: http://ann:s3cr3t@index.test/b is down"; exit 2'
    monkeypatch.setattr("econda_cloud.worker.environments.uv.find_uv", program(tmp_path / "uv", says))
    [report] = go(Build(key="env-1", packages=("absent==1",)), outputs=OUT)
    with open(report.log) as file:
        assert file.read().startswith("Looking at http://***@index.test/a\n")
    assert (report.failure, report.message) == ("failed", "http://***@index.test/b is down")


def test_credentials_are_cut_out_of_any_url():
    text = "see https://u:p@h/x, 'git+ssh://t0ken@h/y' and https://h/z@1"
    assert without_credentials(text) == "see https://***@h/x, 'git+ssh://***@h/y' and https://h/z@1"


def test_the_last_words_are_the_error_and_its_causes():
    new = "Resolved 3\nerror: No solution found\n  cause: Because x was not found\n\nhint: look\n"
    assert last_words(new) == "No solution found cause: Because x was not found hint: look"
    old = "  × No solution found:\n  ╰─▶ Because x was not\n      found.\n"
    assert last_words(old) == "No solution found: Because x was not found."


def test_building_stops_when_it_is_told_to(go, tmp_path, monkeypatch):
    monkeypatch.setattr("econda_cloud.worker.environments.uv.find_uv", program(tmp_path / "uv", "sleep 60"))
    [report] = go(Build(key="env-1", packages=("tiny",)), outputs=OUT, timeout_ms=300)
    assert (report.failure, report.message) == ("timed_out", "timed out after 300 ms")


def test_no_uv_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "uv", None)
    on_path = program(tmp_path / "uv", "true")()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_uv() == on_path
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UvFailed, match="pip install uv"):
        find_uv()


def plan_with(environments):
    return Plan(plan=1, edition=1, name="p", digest="d", params={}, outputs={}, body=(), returns={}, tasks={},
                environments=environments)  # fmt: skip


def test_known_archives(go, blobs):
    plan = plan_with({"env-1": Environment(packages=("tiny",)), "env-2": Environment(packages=("tinier",))})
    assert known_archives(plan, blobs, "n") == {}
    [built] = go(Build(key="env-1", packages=("tiny",)), outputs=OUT)
    assert known_archives(plan, blobs, "n") == {"env-1": built.outputs["archive"]}
    assert known_archives(plan, blobs, "n", "py3.99-elsewhere") == {}
    pinned = with_pins(plan, {"env-1": resolve(["tiny==1.0"]), "env-0": ("not of this plan",)})
    assert known_archives(pinned, blobs, "n") == {}
    assert (pinned.digest, set(pinned.environments)) == ("d", {"env-1", "env-2"})


def test_asking_for_archives_needs_no_processes():
    code = "import econda_cloud.environments.archives, sys; assert not {'subprocess', 'uv'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
