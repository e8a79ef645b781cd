"""The pool of plain hosts under test, and the worker program that its hosts run here."""

from __future__ import annotations

import getpass
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from econda_adapters.onprem.hosts import HostsPool

from econda_cloud.ports.pool import Accepted, Ended, JobState, PoolDriver, Submission, Targets
from tests.components.ssh.conftest import Sshd
from tests.conformance.pools import SECRET, submission, wait_a_little

WORKER = """
import json, os, signal, sys, time
asked = json.load(sys.stdin)
what = asked["do"]
open("seen", "w").write(what)
if what == "fails":
    print("its last words")
    sys.exit(3)
if what == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if what == "polite":
    signal.signal(signal.SIGTERM, lambda *_: (open("polite", "w").close(), os._exit(0)))
if what == "suicide":
    os.kill(os.getpid(), signal.SIGKILL)
if what == "floods":
    for _ in range(40):
        print("x" * 100_000, flush=True)
        time.sleep(0.02)
    sys.exit(4)
if what == "gpus":
    print(os.environ["CUDA_VISIBLE_DEVICES"])
    sys.exit(5)
if what == "brief":
    time.sleep(1)
if what not in ("ends", "brief"):
    open("ready", "w").close()
    time.sleep(600)
"""


class SshBench:
    worker_can_fail = True

    def __init__(self, hosts: Sequence[Sshd], **more: Any) -> None:
        self.hosts = hosts
        self.targets: Targets = {"own": self.target(hosts, **more)}
        self.driver: PoolDriver = HostsPool(self.targets)
        # The same hosts by the same names, at ports where nobody is.
        silent = [{"port": 1}] * len(hosts)
        self._silent = self.target(hosts, overrides=silent, **more)
        self.away: PoolDriver | None = _Elsewhere(self._silent)

    def target(self, hosts: Sequence[Sshd], overrides: Sequence[dict[str, Any]] = (), **more: Any) -> msgspec.Raw:
        declared = [
            {
                "name": f"h{number}", "address": host.address, "port": host.port, "user": getpass.getuser(),
                "identity": str(host.identity), "host_key": host.host_key, "scratch": str(host.scratch),
                "python": sys.executable, "cpu_milli": 1000, "memory": 1 << 30,
                **(overrides[number] if overrides else {}),
            }
            for number, host in enumerate(hosts)
        ]  # fmt: skip
        settings = {"command": [sys.executable, "-c", WORKER], "grace_ms": 500, **more}
        return msgspec.Raw(json.dumps({"hosts": declared, **settings}).encode())

    def submission(self, what: str, chunk: str, size: int = 1) -> Submission:
        target = msgspec.Raw(b'{"hosts": 7}') if what == "impossible" else self.targets["own"]
        return submission(chunk, "own", target, json.dumps({"do": what, "token": SECRET}).encode(), size)

    def go_on(self) -> None:
        wait_a_little()

    def begun(self, what: str, chunk: str) -> str:
        """The handle of a job that was accepted."""
        (answer,) = self.driver.submit([self.submission(what, chunk)])
        assert isinstance(answer, Accepted), answer
        return answer.handle

    def state(self, handle: str) -> JobState:
        return self.driver.describe([handle])[0]

    def ended(self, handle: str) -> Ended:
        end = time.monotonic() + 30
        while not isinstance(state := self.state(handle), Ended):
            assert time.monotonic() < end, state
            wait_a_little()
        return state


class _Elsewhere(HostsPool):
    """The driver, declared with hosts that do not answer."""

    def __init__(self, target: msgspec.Raw) -> None:
        super().__init__({"own": target})
        self._only = target

    def submit(self, batch: Sequence[Submission]) -> Any:
        return super().submit([msgspec.structs.replace(each, target=self._only) for each in batch])

    def capacity(self, targets: Targets) -> Any:
        return super().capacity(dict.fromkeys(targets, self._only))
