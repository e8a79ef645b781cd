"""`econda run` with `packages` and `checkpoint`: installed without being asked for, once; resumed after a failure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile

import pytest

from tests.unit.worker.wheels import local_index, make_wheel

PROGRAM = [sys.executable, "-c", "from econda_cloud.cli import main; main()"]
PIPELINE = """edsl 1

task a(x: Int) -> (v: String):
    packages = ["tiny"]
    run python:
        import tiny
        v = tiny.VERSION

task b(x: Int) -> (v: String):
    packages = ["tiny"]
    run shell:
        say-tiny > "$OUT/v"

pipeline p() -> (one: String, two: String):
    first = a(1)
    second = b(2)
    return one = first.v, two = second.v
"""


@pytest.fixture
def econda(tmp_path, monkeypatch):
    local_index(tmp_path / "wheels", monkeypatch.setenv)
    make_wheel(tmp_path / "wheels", "tiny", "1.0")
    monkeypatch.setenv("ECONDA_HOME", str(tmp_path / "home"))

    def call(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *args], capture_output=True, text=True, env=dict(os.environ), cwd=tmp_path, check=False, timeout=60
        )  # fmt: skip

    return call


def report(done):
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def builds(found):
    return [task["state"] for task in found["tasks"] if "/environment/" in task["instance"]]


def test_two_tasks_with_the_same_packages_share_one_build_and_the_next_run_needs_none(econda, tmp_path):
    (tmp_path / "p.edsl").write_text(PIPELINE)
    done = econda("run", "p.edsl", "--json")
    first = report(done)
    assert (first["outputs"], builds(first)) == ({"one": "1.0", "two": "1.0"}, ["succeeded"])
    assert "resolving tiny" in done.stderr
    make_wheel(tmp_path / "wheels", "tiny", "2.0")
    done = econda("run", "p.edsl", "--json")
    second = report(done)
    assert (second["outputs"], builds(second)) == (first["outputs"], [])
    assert "resolving" not in done.stderr


def test_packages_that_do_not_exist_start_no_run(econda, tmp_path):
    (tmp_path / "p.edsl").write_text(PIPELINE.replace('"tiny"', '"not-there-at-all>=3"'))
    done = econda("run", "p.edsl")
    assert done.returncode == 1
    assert "not-there-at-all" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(econda("runs", "--json").stdout) == []


@pytest.mark.parametrize("packed", [True, False])
def test_a_lock_beside_the_pipeline_decides(econda, tmp_path, packed):
    from econda_edsl.compiler.compile import compile_source

    from econda_cloud.environments.pins import write_lock
    from econda_cloud.worker.environments.build import resolve

    plan = compile_source(PIPELINE).plan
    assert plan
    files = {"p.edsl": PIPELINE.encode(), "environments.lock": write_lock({key: resolve(["tiny"]) for key in plan.environments})}  # fmt: skip
    make_wheel(tmp_path / "wheels", "tiny", "2.0")
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as bundle:
        for name, data in files.items():
            bundle.writestr(name, data)
            (tmp_path / name).write_bytes(data)
    name = "p.zip" if packed else "p.edsl"
    assert report(econda("run", name, "--json"))["outputs"] == {"one": "1.0", "two": "1.0"}
    assert report(econda("check", name, "--json"))["digest"] == plan.digest


def test_a_lock_that_is_garbage_is_said(econda, tmp_path):
    (tmp_path / "p.edsl").write_text(PIPELINE)
    (tmp_path / "environments.lock").write_text("tiny==1.0")
    done = econda("run", "p.edsl")
    assert done.returncode == 3
    assert "`environments.lock` is not JSON" in done.stderr


def test_a_retry_goes_on_from_the_checkpoint(econda, tmp_path):
    (tmp_path / "p.edsl").write_text("""edsl 1

task t() -> (n: Int):
    checkpoint = every(1h)
    retry = linear(attempts = 5, wait = 10ms, on = any)
    run python:
        import os, pathlib, signal
        state = pathlib.Path(os.environ["ECONDA_CHECKPOINT"]) / "n"
        n = int(state.read_text()) + 1 if state.exists() else 1
        state.with_suffix(".tmp").write_text(str(n))
        state.with_suffix(".tmp").rename(state)
        if n < 3:
            os.kill(os.getpid(), signal.SIGKILL)

pipeline p() -> (n: Int):
    a = t()
    return n = a.n
""")
    found = report(econda("run", "p.edsl", "--json"))
    assert (found["outputs"], found["tasks"][0]["attempts"]) == ({"n": 3}, 3)
