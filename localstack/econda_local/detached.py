"""Processes that outlive the command that started them: start, wait until they answer, stop with all their children."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

LOG_TAIL = 30  # lines of a log shown when a process did not start
REUSE_MARGIN = 1.0  # seconds by which the clocks of process table and caller may differ


class DidNotStart(RuntimeError):
    """A process ended or did not answer in time; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Started:
    """A process of ours and its log file."""

    pid: int
    log: Path


def start(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str],
    directory: Path,
    stdin: int = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
) -> Started:
    """Start a process in a session of its own, its output appended to `log`. Raises OSError if it cannot run."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=stdin,
            pass_fds=pass_fds,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=directory,
            start_new_session=True,
        )
    # The process is meant to outlive this object, and its end is looked for by process id.
    process.returncode = 0
    return Started(process.pid, log)


def wait_until_it_answers(started: Started, url: str, seconds: float) -> None:
    """Wait for an HTTP 200 at `url`. Raises DidNotStart if the process ends, or after so many seconds; it is stopped."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answers(url):
            return
        if not alive(started.pid):
            raise DidNotStart(f"process {started.pid} ended before it answered at {url}\n{tail(started.log)}")
        time.sleep(0.05)
    stop([started.pid])
    raise DidNotStart(f"no answer at {url} within {seconds:.0f} seconds\n{tail(started.log)}")


def answers(url: str, seconds: float = 2.0) -> bool:
    """Whether `url` is answered with 200 within so many seconds."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError, ValueError):
        return False


def alive(pid: int, before: float | None = None) -> bool:
    """Whether the process lives. With `before` (seconds since the epoch) one born later is another that got its id."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            _reap(pid)
            return False
        return before is None or process.create_time() <= before + REUSE_MARGIN
    except psutil.Error:
        return False


def stop(pids: Sequence[int], *, before: float | None = None, grace: float = 8.0) -> None:
    """End processes and all they started: SIGTERM to each, and SIGKILL to whatever is left after `grace` seconds."""
    family: dict[int, psutil.Process] = {}
    leaders = [pid for pid in pids if alive(pid, before)]
    for pid in leaders:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            family |= {pid: process} | {child.pid: child for child in process.children(recursive=True)}
    for pid in leaders:
        with contextlib.suppress(psutil.Error):
            family[pid].terminate()
    end = time.monotonic() + grace
    while any(alive(pid) for pid in leaders) and time.monotonic() < end:
        time.sleep(0.02)
    for leader in leaders:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
    for process in family.values():
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(family.values(), timeout=5)


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_free(port: int) -> bool:
    """Whether a server could listen at this TCP port of 127.0.0.1; connections that have ended do not hinder one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def tail(log: Path) -> str:
    """The last lines of a log file, for an error message."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"the end of {log}:", *lines[-LOG_TAIL:]])


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
