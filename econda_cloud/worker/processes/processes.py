"""Processes of this machine that run attempts: warm Python hosts, and the ends of others."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from econda_cloud.worker.processes.lifeline import Lifeline
from econda_cloud.worker.processes.limits import Limits
from econda_cloud.worker.processes.variables import with_packages, without_secrets
from econda_cloud.worker.processes.workdirs import Workdirs
from econda_cloud.worker.reports.logs import CappedLog

_HOST = Path(__file__).with_name("host.py")


def exit_message(code: int) -> str:
    """How a process ended, from its return code (negative: the signal)."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"killed by signal {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything it started, and take its return code."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_ms(process: subprocess.Popen[bytes], ms: int) -> int | None:
    """The return code, or None if the process still runs after so many milliseconds.

    Linux tells the very moment through a file descriptor of the process; `Popen.wait` looks again and again, up to
    50 ms apart, which is longer than many a task.
    """
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(ms / 1000)
        return None
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(ms)
    finally:
        os.close(descriptor)
    return process.poll()


class Host:
    """One warm Python process. `site` is a directory of packages put on its path.

    `namespace` is the one whose attempts it has run, empty as long as it has run none.
    """

    def __init__(self, environment: Mapping[str, str], python: str = sys.executable, site: str = "") -> None:
        self.environment, self.python, self.site = environment, python, site
        self.namespace = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._request = self._reply = -1
        self._lifeline: Lifeline | None = None

    @property
    def up(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start the process unless it is up."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        child_in, self._request = os.pipe()
        self._reply, child_out = os.pipe()
        environment = {**self.environment, "PYTHONUNBUFFERED": ""}
        if self.site:
            # Bytecode is written beside the packages by the first host and read by all later ones.
            environment = with_packages(environment, Path(self.site))
        else:
            environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self._lifeline = Lifeline()
        try:
            self._process = subprocess.Popen(
                [self.python, str(_HOST), str(child_in), str(child_out)],
                pass_fds=(child_in, child_out, *self._lifeline.pass_fds),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=environment,
            )
            self._lifeline.tie(self._process)
        finally:
            os.close(child_in)
            os.close(child_out)

    def run(self, request: dict[str, Any], limits: Limits) -> dict[str, Any]:
        """One attempt: `{"ok": …}` or `{"failure", "message"}`. Never raises for what the attempt does."""
        self.start()
        assert self._process is not None
        log = CappedLog(Path(request["log"]))
        try:
            return self._exchange(self._process, request, log, limits)
        finally:
            log.finish()

    def _exchange(
        self, process: subprocess.Popen[bytes], request: dict[str, Any], log: CappedLog, limits: Limits
    ) -> dict[str, Any]:
        data = json.dumps(request).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._request, data) :]
        except BrokenPipeError:
            return self._died(process)
        poll = select.poll()
        poll.register(self._reply, select.POLLIN)
        parts: list[bytes] = []
        while True:
            if poll.poll(limits.tick()):
                part = os.read(self._reply, 1 << 20)
                if not part:
                    return self._died(process)
                parts.append(part)
                if part.endswith(b"\n"):
                    return self._read(b"".join(parts))
                continue
            # A process of the user's may hold the pipe open after the host is gone, so its end is looked for too.
            if process.poll() is not None:
                return self._died(process)
            log.trim()
            if (failure := limits.over()) is not None:
                self.close()
                return failure

    def _read(self, line: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(line)
            stale = answer.pop("stale")
        except (ValueError, KeyError, AttributeError, TypeError):
            self.close()
            return {"failure": "failed", "message": "the attempt wrote on the worker's own pipe"}
        if stale:
            self.close()
        return answer

    def _died(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        # The pipe closes a moment before the return code is there.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
        self.close()
        return {"failure": "failed", "message": exit_message(process.returncode)}

    def close(self) -> None:
        """End the process and all it started."""
        if self._process is not None:
            kill_group(self._process)
            self._process = None
        for fd in (self._request, self._reply):
            if fd >= 0:
                os.close(fd)
        self._request = self._reply = -1
        if self._lifeline is not None:
            self._lifeline.cut()
            self._lifeline = None


class HostPool:
    """Warm hosts by interpreter and packages, and workdirs to work at; safe to share between threads. Use as a context manager.

    It serves one namespace at a time: what ran attempts of one never runs those of another, because an attempt may
    leave threads, patches and processes behind that nobody sees.

    `environment` is what processes of attempts see, by default this process's own without its secrets.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.environment = without_secrets(os.environ) if environment is None else dict(environment)
        self.workdirs = Workdirs()
        self._idle: dict[tuple[str, str], list[Host]] = {}
        self._namespace = ""
        self._lock = threading.Lock()

    def prepare(self, number: int) -> None:
        """Start so many hosts of this interpreter, to be ready when they are wanted."""
        for _ in range(number):
            host = Host(self.environment)
            host.start()
            self.give(host)

    def take(self, python: str, site: str, namespace: str) -> Host:
        """A host that has run nothing, or attempts of this namespace only; those of others are closed."""
        foreign: list[Host] = []
        try:
            with self._lock:
                if namespace != self._namespace:
                    foreign = self._leave(namespace)
                    self.workdirs.forget()
                idle = self._idle.get((python, site))
                host = idle.pop() if idle else Host(self.environment, python, site)
                host.namespace = namespace
                return host
        finally:
            for other in foreign:
                other.close()

    def _leave(self, namespace: str) -> list[Host]:
        """Turn to another namespace; the hosts that served others and are to be closed."""
        self._namespace = namespace
        hosts = [host for idle in self._idle.values() for host in idle]
        self._idle.clear()
        for host in hosts:
            if not host.namespace:
                self._idle.setdefault((host.python, host.site), []).append(host)
        return [host for host in hosts if host.namespace]

    def give(self, host: Host) -> None:
        """Take a host back. One that served another namespace than the last that was asked for is closed."""
        with self._lock:
            own = not host.namespace or host.namespace == self._namespace
            if own:
                self._idle.setdefault((host.python, host.site), []).append(host)
        if not own:
            host.close()

    def close(self) -> None:
        with self._lock:
            hosts = [host for idle in self._idle.values() for host in idle]
            self._idle.clear()
        for host in hosts:
            host.close()
        self.workdirs.close()

    def __enter__(self) -> HostPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
