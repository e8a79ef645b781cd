"""A deployed stack whose whole cloud is killed, over and over, in the middle of a run."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.team import Team
from econda_infra import apply
from econda_infra.settings import Settings
from econda_local import cloud
from econda_local.ministack import saved_moment

from econda_cloud.submission.uploads import Upload
from tests.crash.killing import committed, marks
from tests.waiting import Until

pytestmark = pytest.mark.emulator

WIDTH, LENGTH, KILLS = 100, 4, 3

PIPELINE = """edsl 1

task mark(i: Int, dir: String) -> (y: Int):
    needs:
        time = 2s
    run python:
        with open(dir + "/begun", "a") as file:
            file.write(f"{i}\\n")
        y = i

task link(n: Int, dir: String) -> (y: Int):
    needs:
        time = 2s
    run python:
        with open(dir + "/begun", "a") as file:
            file.write(f"{1000 + n}\\n")
        y = n + 1

pipeline p(dir: String, n: Int, length: Int) -> (sum: Int, last: Int):
    f = foreach i in 1..n up to 1000:
        a = mark(i, dir)
        gather a.y
    repeat up to 100:
        carry at: Int = 0
        b = link(at, dir)
        next at = b.y
    until b.y >= length
    return sum = sum(f.done), last = at
"""


@dataclass
class Site:
    """A local cloud with one stack in it, which can be killed and started again."""

    home: Path
    local: cloud.LocalCloud
    team: Team

    def kill(self, *, leaders_only: bool) -> None:
        """SIGKILL to the emulators, or to everything that they have started as well."""
        family = [psutil.Process(pid) for pid in self.local.pids.values()]
        if not leaders_only:
            family += [child for leader in family for child in leader.children(recursive=True)]
        for process in family:
            # The death of one may have ended another.
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)

    def start_again(self) -> None:
        self.local = cloud.up(self.home)

    def saved(self) -> float:
        """Of when the state is that would come back now, in seconds since the epoch."""
        return saved_moment(self.home / "local" / "ministack") or 0.0


def small(usual: Settings) -> Settings:
    """Functions of one size, few at once, for each starts a process; and jobs that start too late for any task to be
    sent there while much waits."""
    late = tuple(msgspec.structs.replace(shape, cold_start_s=86_400) for shape in usual.shapes)
    return msgspec.structs.replace(usual, work_sizes_mib=(1769,), shapes=late, concurrency=3)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("ECONDA_LOCAL_SAVE_SECONDS", "0.2")
    home = tmp_path / "home"
    local = cloud.up(home)
    try:
        stack = apply.up("crash", home=home, environment=local.environment(), settings=small)
        clients = Clients(local.environment())
        yield Site(home, local, Team(stack, clients))
        clients.close()
    finally:
        cloud.down(home)


def submitted(site: Site, **parameters: Any) -> str:
    """The run of an upload that is there after every crash from now on."""
    key = "uploads/n/p.edsl"
    metadata = {f"param-{name}": str(value) for name, value in parameters.items()}
    s3 = site.team.clients("s3")
    put = s3.put_object(Bucket=site.team.stack.bucket, Key=key, Body=PIPELINE.encode(), Metadata=metadata)
    return Upload(site.team.stack.bucket, key, put["VersionId"]).run("p")


def ended(site: Site, run: str) -> dict[str, Any] | None:
    try:
        status = json.loads(site.team.blobs.get(f"runs/n/{run}/status.json"))
    except KeyError:
        return None
    return status if status.get("finished_ms") else None


def the_end(site: Site, run: str, begun: Path, until: Until) -> dict[str, Any]:
    """The last status of the run, waited for as long as it goes on: attempts that were lost run one by one."""
    status = None
    while status is None:
        so_far = marks(begun).total()
        until(lambda n=so_far: ended(site, run) or marks(begun).total() > n, "the run goes on or ends")  # type: ignore[misc]
        status = ended(site, run)
    return status


@pytest.mark.timeout(600)
def test_a_run_survives_the_emulator(site: Site, tmp_path: Path, until: Until) -> None:
    """When, and whether its children are killed too, is drawn; nothing waits for luck."""
    dice = random.Random(int(os.environ.get("ECONDA_SEED", "11")))
    run = submitted(site, dir=tmp_path, n=WIDTH, length=LENGTH)
    uploaded, begun = time.time(), tmp_path / "begun"
    until(lambda: site.saved() > uploaded, "the upload is saved")
    for _ in range(KILLS):
        least = marks(begun).total() + dice.randint(5, 20)
        until(lambda n=least: marks(begun).total() >= n, "so many tasks begin")  # type: ignore[misc]
        site.kill(leaders_only=dice.random() < 0.5)
        site.start_again()
    status = the_end(site, run, begun, until)
    assert (status["state"], status["outputs"]) == ("succeeded", {"sum": WIDTH * (WIDTH + 1) // 2, "last": LENGTH})
    done = committed(site.team.log, run)
    assert len(done) == WIDTH + LENGTH
    assert set(done.values()) == {1}
