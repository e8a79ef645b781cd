"""Where parameters come from on the command line, and which of them stands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-c", "from econda_cloud.cli import main; main()"]
SOURCE = """edsl 1

type Options:
    rate: Float
    name: String = "fast"

pipeline p(n: Int in 1..9 = 2, zip: String = "", options: Options = Options(rate = 0.1)) -> (text: String):
    return text = "{n} {zip} {options.rate} {options.name}"
"""


@pytest.fixture
def econda(tmp_path: Path):
    (tmp_path / "p.edsl").write_text(SOURCE)

    def call(*args: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "ECONDA_HOME": str(tmp_path / "home"), "COLUMNS": "200"}
        return subprocess.run(
            [*PROGRAM, *args], capture_output=True, text=True, env=environment, cwd=tmp_path, check=False, timeout=60
        )

    return call


def dry(econda, *args: str) -> dict:
    done = econda("run", "p.edsl", "--dry-run", "--json", *args)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["params"]


def test_the_later_ones_stand(econda, tmp_path: Path) -> None:
    assert dry(econda) == {"n": 2, "zip": "", "options": {"rate": 0.1, "name": "fast"}}
    (tmp_path / "params.yaml").write_text("n: 3\nzip: 02134\n")
    assert dry(econda) == {"n": 3, "zip": "02134", "options": {"rate": 0.1, "name": "fast"}}
    (tmp_path / "p.params.yaml").write_text("zip: NO\n")
    assert dry(econda)["zip"] == "NO"
    (tmp_path / "a.toml").write_text("n = 4\n[options]\nrate = 1.10\n")
    (tmp_path / "b.json").write_text('{"n": 5}')
    assert dry(econda, "--params", "a.toml") == {"n": 4, "zip": "NO", "options": {"rate": 1.1, "name": "fast"}}
    assert dry(econda, "--params", "a.toml", "--params", "b.json")["n"] == 5
    both = dry(econda, "--params", "a.toml", "-p", "n=6", "--set", "options.name=slow")
    assert both == {"n": 6, "zip": "NO", "options": {"rate": 1.1, "name": "slow"}}


def test_a_file_beside_is_told_of(econda, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("n: 3\n")
    done = econda("run", "p.edsl")
    assert "parameters are taken from params.yaml" in done.stderr
    assert '"3  0.1 fast"' in done.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["-p", "n=0x3"], 'parameter `n` must be Int (such as 42), not "0x3"'),
        (["-p", "n"], "`n` is not NAME=VALUE"),
        (["--params", "gone.yaml"], "cannot read gone.yaml: No such file"),
        (["--params", "bad.yaml"], "bad.yaml:2: parameter `n` must be Int"),
        (["--set", "options.rat=1"], "`rat` is not a field; did you mean `rate`?"),
        (["-p", "options={rate: 1"], "is missing at its end"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_starts(econda, tmp_path: Path, args: list[str], said: str) -> None:
    (tmp_path / "bad.yaml").write_text("zip: 1\nn: many\n")
    done = econda("run", "p.edsl", *args)
    assert done.returncode == 2
    assert said in done.stderr
    assert json.loads(econda("runs", "--json").stdout) == []


def test_a_dry_run_starts_nothing(econda) -> None:
    done = econda("run", "p.edsl", "--dry-run", "-p", "n=3")
    assert done.returncode == 0
    assert "parameter n: Int = 3" in done.stdout
    assert json.loads(econda("runs", "--json").stdout) == []
