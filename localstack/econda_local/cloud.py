"""The local cloud: ministack and the Batch endpoint, started and stopped together, one cloud per home folder."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from econda_local import detached, starting
from econda_local.handle import ACCOUNT, REGION, LocalCloud, folder, remember, remembered
from econda_local.ministack import saved_moment
from econda_local.ministack.start import HEALTH

__all__ = ["ACCOUNT", "REGION", "LocalCloud", "default_home", "down", "status", "up"]

LOGGER = logging.getLogger("econda_local")
PORT_PATIENCE = 10.0
"""Seconds in which the port of a killed cloud becomes free, if it does."""


def default_home() -> Path:
    """$ECONDA_HOME, or ~/.econda."""
    return Path(os.environ.get("ECONDA_HOME") or Path.home() / ".econda")


def up(home: Path | None = None, *, port: int | None = None) -> LocalCloud:
    """Start the cloud of `home`, or return the one that runs. `port` is ministack's (any free one if None).

    One that ended by anything but `down` comes back with what was saved of it, at the ports it had, for they stand in
    the settings of the stacks in it; a warning in the log of this package says so.
    Raises ministack.InstallationFailed or detached.DidNotStart; nothing is left running then.
    """
    home = (home or default_home()).resolve()
    with _locked(home):
        running = status(home)
        if running is not None:
            return running
        before = remembered(home)
        if before is not None:
            cloud = _again(before, port)
        else:
            _forget(home)
            cloud = starting.start(home, port or detached.free_port(), detached.free_port())
        remember(cloud)
        return cloud


def status(home: Path | None = None) -> LocalCloud | None:
    """The cloud of `home` if all its processes live and answer, else None."""
    cloud = remembered((home or default_home()).resolve())
    if cloud is None or not all(detached.alive(pid, cloud.started_at) for pid in cloud.pids.values()):
        return None
    urls = (cloud.endpoint_url + HEALTH, cloud.batch_endpoint_url + starting.BATCH_HEALTH)
    return cloud if all(detached.answers(url) for url in urls) else None


def down(home: Path | None = None) -> bool:
    """Stop the cloud of `home` and delete its state; return whether there was one."""
    home = (home or default_home()).resolve()
    if not folder(home).exists():
        return False
    with _locked(home):
        return _forget(home)


def _again(before: LocalCloud, port: int | None) -> LocalCloud:
    """Start a cloud that has ended once more."""
    ports = [urlsplit(url).port or 0 for url in (before.endpoint_url, before.batch_endpoint_url)]
    if port not in (None, ports[0]):
        raise detached.DidNotStart(
            f"the stacks of this local cloud know it at port {ports[0]}, so it cannot come back at {port}: leave the "
            "port out, or forget those stacks with `econda local down`"
        )
    starting.stop(before)
    for each in ports:
        _wait_until_free(each)
    moment = saved_moment(folder(before.home) / "ministack")
    cloud = starting.start(before.home, ports[0], ports[1], moment)
    LOGGER.warning("%s", _told(moment))
    return cloud


def _told(moment: float | None) -> str:
    if moment is None:
        return "the local cloud had ended before anything was saved: it begins with nothing"
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
    return (
        "the local cloud had ended without `econda local down`: its buckets, tables, queues, messages and functions "
        f"are back as they were at {when}, when they were last saved"
    )


def _wait_until_free(port: int) -> None:
    end = time.monotonic() + PORT_PATIENCE
    while not detached.is_free(port):
        if time.monotonic() > end:
            raise detached.DidNotStart(
                f"port {port}, at which the local cloud was, is taken by another process now: end that one, or forget "
                "the cloud's stacks and data with `econda local down`"
            )
        time.sleep(0.05)


def _forget(home: Path) -> bool:
    cloud = remembered(home)
    if cloud is not None:
        starting.stop(cloud)
    for entry in folder(home).iterdir():
        if entry.name == "lock":
            continue
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
    return cloud is not None


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    folder(home).mkdir(parents=True, exist_ok=True)
    with (folder(home) / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
