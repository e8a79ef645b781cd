"""Checkpoints: what an attempt had done is there for the next one, whole or not at all."""

import random
import threading
import time

import pytest
from econda_edsl.plan import Inline

from econda_cloud.wire.events import AttemptFailed
from econda_cloud.wire.keys import checkpoint_key, checkpoint_slots
from econda_cloud.worker.data.checkpoints import Checkpoint

KEY = checkpoint_key("n", "r", "t[0]")
SLOTS = checkpoint_slots(KEY)
LONG = 3_600_000

# Sums squares step by step; `die` names a step at which it is killed, and `point` where in that step.
STEPS = """
import json, os, pathlib, signal
here = pathlib.Path(os.environ["ECONDA_CHECKPOINT"])
state = here / "state.json"
step, total = json.loads(state.read_text()) if state.exists() else (0, 0)
began = step
def perhaps(where):
    if step == die and point == where:
        os.kill(os.getpid(), signal.SIGKILL)
while step < 20:
    step, total = step + 1, total + (step + 1) ** 2
    part = here / "state.json.tmp"
    with part.open("w") as file:
        file.write("[" + str(step))
        file.flush()
        perhaps("torn")
        file.write(f", {total}]")
    perhaps("written")
    part.rename(state)
    perhaps("renamed")
"""
UNDISTURBED = sum(n**2 for n in range(1, 21))
INPUTS, OUTPUTS = {"die": "Int", "point": "String"}, {"total": "Int", "began": "Int"}


def run_steps(go, die, point="", **more):
    [report] = go(STEPS, {"die": die, "point": point}, inputs=INPUTS, outputs=OUTPUTS, checkpoint_ms=LONG, **more)
    return report


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_a_random_step_the_next_worker_continues(go, seed):
    chance = random.Random(seed)
    deaths = sorted(chance.sample(range(1, 21), 3))
    for attempt, die in enumerate(deaths, 1):
        point = chance.choice(["torn", "written", "renamed"])
        # Every attempt on a worker of its own: nothing but the blob store is shared.
        report = run_steps(go, die, point, attempt=attempt, scratch=f"worker-{attempt}")
        assert isinstance(report, AttemptFailed)
        assert "SIGKILL" in report.message
    report = run_steps(go, 0, attempt=4, scratch="worker-4")
    assert report.outputs == {"total": UNDISTURBED, "began": deaths[-1] - (point != "renamed")}


def test_nothing_saved_after_success(go, blobs):
    assert run_steps(go, 0).outputs == {"total": UNDISTURBED, "began": 0}
    assert not blobs.exists(KEY)


ONCE = "import os, pathlib\n(pathlib.Path(os.environ['ECONDA_CHECKPOINT']) / 'seen').write_text('1')\n"


@pytest.mark.parametrize(
    ("body", "more", "failure"),
    [
        (ONCE + "1 / 0", {}, "failed"),
        (ONCE + "y = 'text'", {"outputs": {"y": "Int"}}, "bad_output"),
        (ONCE + "import time; time.sleep(60)", {"timeout_ms": 500}, "timed_out"),
        (ONCE + "import time; time.sleep(60)", {"cancelled": lambda _: time.monotonic() > STARTED[0] + 0.9}, "preempted"),
        (Inline(language="shell", body='echo 1 > "$ECONDA_CHECKPOINT/seen"; exit 3'), {}, "failed"),
    ],
)  # fmt: skip
def test_saved_at_the_end_of_an_attempt_that_did_not_succeed(go, body, more, failure):
    STARTED[0] = time.monotonic()
    [report] = go(body, checkpoint_ms=LONG, **more)
    assert report.failure == failure
    shell = Inline(language="shell", body='cat "$ECONDA_CHECKPOINT/seen" > "$OUT/seen"')
    [report] = go(shell, outputs={"seen": "Int"}, checkpoint_ms=LONG, attempt=2, scratch="other")
    assert report.outputs == {"seen": 1}


STARTED = [0.0]


DAMAGES = [
    lambda data: data[:-1],
    lambda data: data[:1024],
    lambda data: data[:0],
    lambda data: b"x" * len(data),
    lambda data: data.replace(b"[20, ", b"[21, "),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_starts_from_nothing(go, blobs, damage):
    run_steps(go, 20, "renamed")
    blobs.put(SLOTS[0], damage(blobs.get(SLOTS[0])))
    report = run_steps(go, 0, attempt=2)
    assert report.outputs == {"total": UNDISTURBED, "began": 0}
    with open(report.log) as log:
        text = log.read()
    assert "checkpoint: a saved one is damaged" in text
    assert "no saved one is whole; the attempt starts from nothing" in text


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_makes_the_attempt_go_on_from_the_one_before(go, blobs, damage):
    run_steps(go, 7, "renamed")
    run_steps(go, 20, "renamed", attempt=2)
    assert blobs.get(KEY) == b"1"
    blobs.put(SLOTS[1], damage(blobs.get(SLOTS[1])))
    assert run_steps(go, 18, "renamed", attempt=3).failure == "failed"
    # The one that was gone on from is not the one whose place was taken.
    assert blobs.get(KEY) == b"1"
    blobs.purge(SLOTS[1])
    report = run_steps(go, 0, attempt=4)
    assert report.outputs == {"total": UNDISTURBED, "began": 7}


def test_a_worker_that_dies_before_it_names_its_checkpoint_leaves_the_newest_named(tmp_path, blobs):
    class Dies(Exception):
        pass

    def save(text: str, put=blobs.put) -> str:
        """Go on from what is there, save `text`, and tell what was there."""
        blobs.put = put
        with Checkpoint(blobs, KEY, tmp_path / "dir", LONG, tmp_path / "log") as checkpoint:
            kept = checkpoint.directory / "text"
            before = kept.read_text() if kept.exists() else ""
            kept.write_text(text)
        return before

    def dies(*_):
        raise Dies

    whole = blobs.put
    assert save("one") == ""
    assert save("two") == "one"
    assert save("lost", dies) == "two"
    assert save("three", whole) == "two"
    assert save("four") == "three"
    assert len([slot for slot in SLOTS if blobs.exists(slot)]) == 2


def test_a_store_that_does_not_answer_fails_the_attempt(go, monkeypatch, blobs):
    def refuse(*_):
        raise ConnectionError("no network")

    run_steps(go, 5, "renamed")
    for asked in ("get", "get_file"):
        with monkeypatch.context() as patch:
            patch.setattr(blobs, asked, refuse)
            report = run_steps(go, 0, attempt=2)
        assert (report.failure, report.message) == ("failed", "ConnectionError: no network")
    assert run_steps(go, 0, attempt=3).outputs["began"] == 5


def test_saving_does_not_keep_the_limits_from_being_watched(tmp_path, go, blobs, monkeypatch):
    put = blobs.put_file

    def slow(key, path):
        time.sleep(2 if threading.current_thread().name == "econda-checkpoint" else 0)
        put(key, path)

    monkeypatch.setattr(blobs, "put_file", slow)
    body = "import os, pathlib, time\nhere = pathlib.Path(os.environ['ECONDA_CHECKPOINT'])\n"
    body += f"(here / 's').write_text('1')\ntime.sleep(1)\npathlib.Path({str(tmp_path / 'late')!r}).write_text('1')"
    [report] = go(body, checkpoint_ms=100, timeout_ms=500)
    assert report.failure == "timed_out"
    assert not (tmp_path / "late").exists()


def test_a_checkpoint_by_size_is_saved_once_so_much_has_changed(tmp_path, blobs, monkeypatch, until) -> None:
    monkeypatch.setattr("econda_cloud.worker.data.checkpoints.LOOK_MS", 5)
    changed, looks = Checkpoint._changed, []
    monkeypatch.setattr(Checkpoint, "_changed", lambda self: looks.append(changed(self)) or looks[-1])
    with Checkpoint(blobs, KEY, tmp_path / "dir", None, tmp_path / "log", grown=1_000) as checkpoint:
        checkpoint.wanted = False
        (checkpoint.directory / "small").write_bytes(b"x" * 999)
        until(lambda: 999 in looks, "the small file is looked at")
        assert not blobs.exists(KEY)
        (checkpoint.directory / "more").write_bytes(b"y")
        until(lambda: blobs.exists(KEY), "it is saved")
    assert blobs.exists(KEY)
