"""`econda` as a user meets it, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from econda_adapters.embedded.runner import Home

from econda_cloud.ports.run_index import IndexedRun
from econda_cloud.wire.entries import ENGINE_VERSION

PROGRAM = [sys.executable, "-c", "from econda_cloud.cli import main; main()"]


@pytest.fixture
def econda(tmp_path):
    def call(*args: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "ECONDA_HOME": str(tmp_path / "home"), "COLUMNS": "200"}
        return subprocess.run(
            [*PROGRAM, *args], capture_output=True, text=True, env=environment, cwd=tmp_path, check=False, timeout=60
        )

    return call


def write(tmp_path: Path, body: str, outputs: str = "y: Int", extra: str = "") -> str:
    file = tmp_path / "p.edsl"
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    name = outputs.partition(":")[0]
    file.write_text(
        f"edsl 1\n\ntask t(x: Int) -> ({outputs}):\n{extra}    run python:\n{lines}\n\n"
        f"pipeline p(n: Int in 1..9 = 2) -> ({outputs}):\n    a = t(n)\n    return {name} = a.{name}\n"
    )
    return str(file)


def run_json(econda, *args):
    done = econda("run", *args, "--json")
    return done.returncode, json.loads(done.stdout)


def test_success_then_show_why_and_replay(econda, tmp_path):
    file = write(tmp_path, "print('seen')\ny = x * 21")
    code, report = run_json(econda, file, "-p", "n=2")
    assert (code, report["state"], report["outputs"]) == (0, "succeeded", {"y": 42})
    shown = json.loads(econda("show", "last", "--json").stdout)
    assert shown["tasks"][0] | {"started_ms": 0, "ended_ms": 0} == {
        "instance": "p/a", "state": "succeeded", "pool": "local", "attempts": 1,
        "started_ms": 0, "ended_ms": 0, "cost_nanos": 0, "price": "$0", "message": "",
    }  # fmt: skip
    assert econda("logs", "last", "p/a").stdout == "seen\n"
    assert json.loads(econda("why", "last", "p/a", "--json").stdout)["offers"][0]["chosen"] is True
    assert json.loads(econda("replay", "last", "--at", "1", "--json").stdout)["state"] == "running"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('bad luck')", "bad luck"),
        ("import sys\nsys.exit(3)", "3"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("if x > 5:\n    y = 1", "y"),
        ("y = 'text'", "y"),
    ],
)
def test_failures_say_why(econda, tmp_path, body, message):
    code, report = run_json(econda, write(tmp_path, body))
    assert (code, report["state"]) == (1, "failed")
    assert message in report["error"]["message"]
    assert report["error"]["message"].startswith("p/a (attempt 1)")


def test_time_out(econda, tmp_path):
    file = write(tmp_path, "import time\ntime.sleep(60)\ny = 1", extra="    timeout = 300ms\n")
    code, report = run_json(econda, file)
    assert (code, report["tasks"][0]["state"]) == (1, "timed_out")


def test_wrong_parameters_start_nothing(econda, tmp_path):
    file = write(tmp_path, "y = 1")
    for pair, said in [("m=1", "m"), ("n=many", "n"), ("n=10", "9"), ("n", "NAME=VALUE")]:
        done = econda("run", file, "-p", pair)
        assert done.returncode == 2
        assert said in done.stderr
    assert json.loads(econda("runs", "--json").stdout) == []


def test_does_not_compile(econda, tmp_path):
    (tmp_path / "bad.edsl").write_text("edsl 1\n\npipeline p() -> (y: Int):\n    return y = tabel\n")
    done = econda("run", "bad.edsl")
    assert done.returncode == 3
    assert "unknown name `tabel`" in done.stderr
    assert "^^^^^" in done.stderr


def test_no_such_run(econda):
    assert econda("show", "nothing").returncode == 4


def test_runs_of_an_older_econda_are_left_in_peace(econda, tmp_path):
    file = write(tmp_path, "y = x")
    assert run_json(econda, file)[0] == 0
    old = b'{"engine":1,"now":9000000000000,"events":[{"event":"attempts_placed","placements":[]}]}'
    home = Home(tmp_path / "home" / "embedded")
    home.runs.add(IndexedRun("local", "p-old", 9_000_000_000_000))
    home.log.append("run/p-old", 0, old)
    listed = econda("runs")
    assert (listed.returncode, "p-old" in listed.stdout) == (0, False)
    assert "not shown: 1 of another version of econda" in listed.stderr
    assert json.loads(econda("show", "last", "--json").stdout)["outputs"] == {"y": 2}
    shown = econda("show", "p-old")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr == (
        f"error: p-old was written by version 1 of the engine; this is version {ENGINE_VERSION}, which reads 2 and later; "
        "the econda that wrote it shows it\n"
    )
    assert run_json(econda, file, "--resume")[0] == 0
