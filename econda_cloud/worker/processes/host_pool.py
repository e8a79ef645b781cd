"""Processes that run attempts, by what may share one; and workdirs to work at."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from econda_cloud.worker.processes.fork_server import ForkServer
from econda_cloud.worker.processes.host_process import Host
from econda_cloud.worker.processes.limits import Limits
from econda_cloud.worker.processes.variables import without_secrets
from econda_cloud.worker.processes.workdirs import Workdirs

IDLE_MOST = 2 * (os.cpu_count() or 1) + 2
"""Hosts that wait for another attempt of their task; beyond that, the one that has waited longest is closed."""


@dataclass(frozen=True)
class Sharing:
    """Attempts for which all this is the same may run in one process, one after another.

    `python` is the interpreter and `site` a directory of packages put on its path, if not empty.
    """

    namespace: str
    run: str
    task: str
    python: str = sys.executable
    site: str = ""


class HostPool:
    """Hosts and workdirs; safe to share between threads. Use as a context manager.

    Attempts of different tasks, runs or namespaces never share a process: an attempt may leave patches and settings
    behind that nobody sees. Workdirs are shared within a namespace, and the pool serves one namespace at a time.

    `environment` is what processes of attempts see, by default this process's own without its secrets.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.environment = without_secrets(os.environ) if environment is None else dict(environment)
        self.workdirs = Workdirs()
        self._servers: dict[tuple[str, str], ForkServer] = {}
        self._idle: dict[Sharing, list[Host]] = {}
        self._namespace = ""
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Start the parent of hosts of this interpreter, to be ready when they are wanted. Raises `OSError`."""
        self._server(sys.executable, "").prepare()

    def take(self, sharing: Sharing) -> Host:
        """A host that has run nothing, or attempts with which this one may share it."""
        others: list[Host] = []
        try:
            with self._lock:
                if sharing.namespace != self._namespace:
                    self._namespace = sharing.namespace
                    others = self._all_idle()
                    self.workdirs.forget()
                if idle := self._idle.get(sharing):
                    return idle.pop()
                return Host(self._server(sharing.python, sharing.site))
        finally:
            for other in others:
                other.close()

    def give(self, sharing: Sharing, host: Host) -> None:
        """Take a host back, for the next attempt with which it may be shared."""
        surplus: list[Host] = []
        with self._lock:
            if not host.up or sharing.namespace != self._namespace:
                surplus = [host]
            else:
                # What was given last is at the end.
                self._idle[sharing] = [*self._idle.pop(sharing, []), host]
                while sum(map(len, self._idle.values())) > IDLE_MOST:
                    oldest = next(key for key, idle in self._idle.items() if idle)
                    surplus.append(self._idle[oldest].pop(0))
                self._idle = {key: idle for key, idle in self._idle.items() if idle}
        for each in surplus:
            each.close()

    def _server(self, python: str, site: str) -> ForkServer:
        if (python, site) not in self._servers:
            self._servers[python, site] = ForkServer(self.environment, python, site)
        return self._servers[python, site]

    def _all_idle(self) -> list[Host]:
        hosts = [host for idle in self._idle.values() for host in idle]
        self._idle.clear()
        return hosts

    def close(self) -> None:
        with self._lock:
            hosts, servers = self._all_idle(), list(self._servers.values())
            self._servers.clear()
        for host in hosts:
            host.close()
        for server in servers:
            server.close()
        self.workdirs.close()

    def __enter__(self) -> HostPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def run_alone(
    command: list[str], env: Mapping[str, str], cwd: Path, log: Path, limits: Limits, memory: int = 0
) -> dict[str, Any]:
    """A command of this machine's user, where no pool is: see `Host.run_command`."""
    server = ForkServer(env, sys.executable, "")
    try:
        return Host(server).run_command(command, env, cwd, log, limits, memory)
    finally:
        server.close()
