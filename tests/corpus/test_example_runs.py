"""Every example runs to its end. What an example needs and is not here has a stand-in, and nothing else has one."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from econda_cloud.cli.commands import app

ROOT = Path(__file__).parent.parent.parent / "edsl" / "examples"
STAND_INS = Path(__file__).parent / "stand_ins"
IN_PYTHON = (
    "    run r:\n        library(pROC)\n        scores <- predict_table(model, features)\n        auc    <- as.numeric(auc(scores$label, scores$p))\n"
    '        report <- render("report.Rmd", output_file = "report.html")\n'
)


@dataclass(frozen=True)
class Example:
    """`instead` are texts of the files that name what is not here, with what stands in for it."""

    name: str
    outputs: dict[str, Any]
    given: dict[str, str] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)


CANARY = """
def watch(url, **times):
    assert times["for"].total_seconds() == 1
    return {"healthy": url.startswith("https://serving/ranker")}
"""
LEARNING = """
import os, pathlib

def prepare(holdout):
    pathlib.Path("train").write_text("train")
    pathlib.Path("test").write_text("test")
    return {"train": "train", "test": "test", "rows": 1797}

def fit(train, cost, fold):
    return {"accuracy": 0.99 - abs(cost - 10.0) / 1000 - fold / 10000}

def train(train, cost, epochs):
    pathlib.Path(os.environ["ECONDA_CHECKPOINT"], "state").write_text(str(epochs))
    pathlib.Path("model").write_text(f"{cost} {epochs}")
    return {"model": "model", "loss": 0.01, "epochs_run": epochs}

def evaluate(model, test):
    pathlib.Path("confusion").write_text("[]")
    return {"accuracy": 0.9 + float(model.read_text().split()[1]) / 1000, "confusion": "confusion"}
"""
EXAMPLES = (
    Example("branch.edsl", {"decision": "kept", "note": None, "text": "a b c"}, {"text": "a b c"}),
    Example("branch.edsl", {"decision": "shortened", "text": "a b"}, {"text": "a b c", "limit": "2"}),
    Example("hello.edsl", {"text": "Hello, world"}),
    Example("repeat.edsl", {"root": 1.414213562373095, "rounds": 5}),
    Example("ising/ising.edsl", {"critical": 2.25, "failed": 0}),
    Example("sweep.edsl", {"rate": 0.5, "loss": 0.0, "failed": 0, "summary": "best of 12: rate 0.5"}),
    Example("digits/digits.edsl", {"accuracy": 1.0, "cost": 10.0, "decision": "promoted"},
            instead={"    packages = learn\n": "", "learning.py": LEARNING}),
    Example("digits/digits.edsl", {"decision": "reported", "model": None}, {"epochs": "10"},
            {"    packages = learn\n": "", "learning.py": LEARNING}),
    Example("churn/churn.edsl", {"auc": 0.93, "version": "churn-1-0.93"}, {"day": "2026-01-31"},
            {"is aws_secrets:\n    name = \"prod/wandb\"": "is environment:\n    variable = \"WANDB\"",
             " of [A100, H100, L40S]": "",
            IN_PYTHON: "    run python:\n        auc, report = 0.93, model\n"}),
    Example("ranker/ranker.edsl", {"rounds": 3}, {"key": "eu", "target": "1%"}),
    Example("release/release.edsl", {"decision": "promoted", "url": "https://serving/ranker?traffic=1.00"}, {"candidate": "model.txt"},
            {"model.txt": "ranker 20", "for = 30min": "for = 1s", ", residency: \"eu\"": "", "acme/canary.py": CANARY,
             "        where node.region in [\"eu-west-1\", \"europe-west4\"]\n": "", "        policy = campus_first\n": "",
             '    args = ["run", "--vus", "{rate}", "--out", "/out/report.json", "/scripts/rank.js", url]\n': "",
             '    run container "grafana/k6:0.52"\n': '    run shell:\n        echo 90 > "$OUT/p99"\n        echo "$url at $rate" > "$OUT/report"\n'}),
    Example("orders/orders.edsl", {"rows": 8}, {"day": "2026-01-31"},
            {"is vault:\n    path = \"kv/orders/ro\"": "is environment:\n    variable = \"WANDB\"", ", residency: \"eu\"": "",
             "from acme.sessions import sessionise as cut": "cut = lambda events, gap_seconds: events"}),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: f"{each.name} {' '.join(each.given.values())}")
def test_an_example_runs_to_its_end(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    shutil.copytree((ROOT / example.name).parent if "/" in example.name else ROOT, here)
    file = here / Path(example.name).name
    for old, new in example.instead.items():
        if old.endswith((".py", ".txt")):
            (here / old).write_text(new)
            continue
        assert any(old in each.read_text() for each in here.rglob("*.edsl")), old
        for each in here.rglob("*.edsl"):
            each.write_text(each.read_text().replace(old, new))
    for each in here.rglob("*.edsl"):
        # What an image brings is on the path of the test.
        each.write_text(re.sub(r"^    image = .*\n", "", each.read_text(), flags=re.MULTILINE))
    monkeypatch.setenv("ECONDA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WANDB", "a secret of the test")
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS))
    given = [
        word
        for name, value in example.given.items()
        for word in ("-p", f"{name}={here / value if value.endswith('.txt') else value}")
    ]
    result = CliRunner().invoke(app, ["run", str(file), "--json", *given])
    report = json.loads(result.stdout)
    assert report["state"] == "succeeded", report["error"]
    assert {name: report["outputs"][name] for name in example.outputs} == example.outputs


def test_there_is_no_example_that_does_not_run() -> None:
    programs = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*.edsl") if "\npipeline " in path.read_text()}
    assert programs == {example.name for example in EXAMPLES}
