"""Starts the processes of a cloud, and ends them and whatever they started."""

from __future__ import annotations

import os
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil

from econda_local import detached, ministack, session
from econda_local.handle import ACCOUNT, REGION, LocalCloud, folder
from econda_local.ministack.start import HEALTH

BATCH_HEALTH = "/local/health"
PATIENCE = 60.0  # seconds


def start(home: Path, port: int, batch_port: int, restored_from: float | None = None) -> LocalCloud:
    """Start ministack and the Batch endpoint at these ports, each with what was saved of it.

    Raises ministack.InstallationFailed or detached.DidNotStart; nothing is left running then.
    """
    token, inside = secrets.token_hex(16), folder(home)
    url, batch_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{batch_port}"
    (inside / "aws-config").write_text("[default]\ns3 =\n    addressing_style = path\n")
    (inside / "aws-credentials").write_text("")
    pids: dict[str, int] = {}
    try:
        emulator = ministack.start(
            inside / "ministack", port, account=ACCOUNT, region=REGION, token=token, batch_endpoint_url=batch_url
        )
        pids["ministack"] = emulator.pid
        cloud = LocalCloud(url, batch_url, ACCOUNT, pids, home, time.time(), restored_from=restored_from)
        batch = _start_batch(cloud, inside / "batch", batch_port, token)
        pids["batch"] = batch.pid
        detached.wait_until_it_answers(emulator, url + HEALTH, PATIENCE)
        detached.wait_until_it_answers(batch, batch_url + BATCH_HEALTH, PATIENCE)
    except BaseException:
        detached.stop(list(pids.values()))
        raise
    return replace(cloud, started_at=time.time())


def stop(cloud: LocalCloud) -> None:
    """End every process of a cloud, also those that a killed one has left. Batch first: its jobs may still be talking
    to ministack, which saves its state when it ends."""
    for name in ("batch", "ministack"):
        pid = cloud.pids[name]
        detached.stop([pid], before=cloud.started_at)
        # Whose leader is another process, or was before this machine last started, is a session of somebody else.
        if cloud.started_at > psutil.boot_time() and not detached.alive(pid):
            session.kill(pid)


def _start_batch(cloud: LocalCloud, inside: Path, port: int, token: str) -> detached.Started:
    """It begins with what was saved of it as of the moment that ministack begins with."""
    inside.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "econda_local.batch", "--port", str(port), "--home", str(inside)]
    command += ["--events-endpoint", cloud.endpoint_url, "--region", cloud.region, "--account", cloud.account]
    command += [] if cloud.restored_from is None else ["--restored-from", str(cloud.restored_from)]
    dropped = ("AWS_PROFILE", "AWS_SESSION_TOKEN")
    inherited = {name: value for name, value in os.environ.items() if name not in dropped}
    environment = {**inherited, **cloud.environment(), "ECONDA_EMITTER_TOKEN": token}
    return detached.start(command, log=inside / "batch.log", environment=environment, directory=inside)
