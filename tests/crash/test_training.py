"""A real training loop with checkpoints, killed at random: the model is, bit by bit, that of an undisturbed one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.crash.killing import Shell, kill, until

TRAIN = """edsl 1

task train(dir: String, epochs: Int) -> (model: File, loss: Float):
    checkpoint = every(50ms)
    run python "training.py:train"

pipeline p(dir: String, epochs: Int = 4000) -> (model: File, loss: Float):
    a = train(dir, epochs)
    return model = a.model, loss = a.loss
"""

CODE = '''"""Logistic regression by stochastic gradient descent, in plain Python: order, weights and dice are its state."""

import json
import math
import os
import pathlib
import random


def train(dir, epochs):
    kept = pathlib.Path(os.environ["ECONDA_CHECKPOINT"]) / "state.json"
    dice = random.Random(11)
    data = [([1.0] + [dice.gauss(0, 1) for _ in range(8)]) for _ in range(60)]
    goal = [1.0 if sum(x) > 1 else 0.0 for x in data]
    weights, epoch = [0.0] * 9, 0
    if kept.exists():
        state = json.loads(kept.read_text())
        weights, epoch = state["weights"], state["epoch"]
        dice.setstate((state["dice"][0], tuple(state["dice"][1]), state["dice"][2]))
    while epoch < epochs:
        with open(dir + "/epochs", "a") as file:
            file.write(f"{epoch}\\n")
        order = list(range(len(data)))
        dice.shuffle(order)
        for i in order:
            p = 1 / (1 + math.exp(-sum(w * x for w, x in zip(weights, data[i]))))
            weights = [w + 0.1 * (goal[i] - p) * x for w, x in zip(weights, data[i])]
        epoch += 1
        if epoch % 25:
            continue
        whole = kept.with_suffix(".new")
        whole.write_text(json.dumps({"weights": weights, "epoch": epoch, "dice": dice.getstate()}))
        whole.replace(kept)
    pathlib.Path("model.json").write_text(json.dumps(weights))
    loss = -sum(g * w for g, w in zip(goal, weights))
    return {"model": "model.json", "loss": loss}
'''


def saved_at(shell: Shell) -> int:
    """When a checkpoint was last saved, in ns; 0 if none was: as long as no blob names a slot, it may be half done."""
    found = list((shell.home / "embedded" / "blobs" / "work").glob("*/*/checkpoints/*"))
    if not any(path.suffix != ".tar" for path in found):
        return 0
    return max((path.stat().st_mtime_ns for path in found if path.suffix == ".tar"), default=0)


def epochs(folder: Path) -> list[int]:
    path = folder / "epochs"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def trained(folder: Path, kills: int) -> bytes:
    """The model of a training that is killed so often, each time after it has saved a checkpoint."""
    folder.mkdir()
    shell, dice = Shell(folder), random.Random(3)
    (folder / "p.edsl").write_text(TRAIN)
    (folder / "training.py").write_text(CODE)
    words = ["run", "p.edsl", "-p", f"dir={folder}"]
    for time in range(kills):
        with shell.start(*words, *["--resume"] * (time > 0)) as process:
            least = len(epochs(folder)) + dice.randint(30, 60)
            until(lambda n=least: len(epochs(folder)) >= n, process)  # type: ignore[misc]
            # Two more: one that was being saved may be from before the first 25 epochs, and hold no state yet.
            for _ in range(2):
                before = saved_at(shell)
                until(lambda b=before: saved_at(shell) != b, process)  # type: ignore[misc]
            kill(process)
    report = shell.report(*words, *["--resume"] * (kills > 0))
    assert report["state"] == "succeeded", report
    return (shell.home / "embedded" / "blobs" / report["outputs"]["model"]["$artifact"]["key"]).read_bytes()


@pytest.mark.timeout(300)
def test_a_training_killed_at_random_gives_the_same_model(tmp_path: Path) -> None:
    assert trained(tmp_path / "killed", 4) == trained(tmp_path / "undisturbed", 0)
    # It went on from checkpoints, and did not begin anew.
    assert epochs(tmp_path / "killed").count(0) == 1
    assert len(epochs(tmp_path / "killed")) < 2 * len(epochs(tmp_path / "undisturbed"))
