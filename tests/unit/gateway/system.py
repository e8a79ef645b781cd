"""The trusted side behind a gateway at an address of this machine, and workers as processes that were told a chunk."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from econda_adapters.clock import now_ms
from econda_adapters.embedded.directory_blobs import DirectoryBlobs
from econda_adapters.embedded.gateway_keys import KeyFile
from econda_adapters.embedded.gateway_server import GatewayServer
from econda_adapters.embedded.sqlite_log import SqliteLog
from econda_edsl.plan import Inline

from econda_cloud.gateway.assigning import Assigner
from econda_cloud.gateway.gateway import Gateway, Ports
from econda_cloud.gateway.own_links import OwnLinks
from econda_cloud.gateway.tokens import Tokens
from econda_cloud.ports.queue import MemoryQueue
from econda_cloud.ports.roles import NoRoles
from econda_cloud.schedule.messages import read_message
from econda_cloud.wire.assignment import encode_assignment
from econda_cloud.wire.chunk import WorkItem
from tests.unit.gateway.standing import NamedSecrets, chunk_of

BARE = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
"""A worker's machine: no cloud, no account, nothing of ours but the code."""


class System:
    """The trusted side: a gateway at an address, and what stands behind it."""

    def __init__(self, folder: Path, after_report=None, roles=None):
        self.folder, self.queue, self.ahead_ms = folder, MemoryQueue(), 0
        self.blobs, self.log = DirectoryBlobs(folder / "blobs"), SqliteLog(folder / "log.db")
        self.tokens = Tokens(KeyFile(folder / "keys.json"))
        ports = Ports(self.log, self.blobs, self.queue, OwnLinks(self.tokens), NamedSecrets, self.clock,
                      roles or NoRoles())  # fmt: skip
        self.gateway = Gateway(ports, self.tokens, after_report)
        self.server = GatewayServer(self.gateway)
        self.workers: list[subprocess.Popen] = []

    def clock(self):
        return now_ms() + self.ahead_ms

    def assign(self, chunk, **settings):
        settings = {"inline": True, "lone": True, **settings}
        return Assigner(self.server.address, self.tokens, self.blobs).assign(chunk, now_ms(), **settings)

    def start(self, chunk, *options, assignment=None, **settings):
        """A worker's process, which was told its chunk."""
        assignment = assignment or self.assign(chunk, **settings)
        command = [sys.executable, "-m", "econda_cloud.worker", "--scratch", str(self.folder / "scratch"), *options]
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=BARE, cwd=self.folder)  # fmt: skip
        assert worker.stdin is not None
        worker.stdin.write(encode_assignment(assignment))
        worker.stdin.close()
        worker.stdin = None
        self.workers.append(worker)
        return worker

    def run(self, chunk, *options, **settings):
        """How the program ended, what it said, and the events that came of it."""
        worker = self.start(chunk, *options, **settings)
        _, said = worker.communicate(timeout=60)
        return worker.returncode, said.decode(), self.events()

    def counted(self):
        """The paths that are asked for from now on."""
        asked, admit = [], self.gateway.admit
        self.gateway.admit = lambda request: asked.append(request.path) or admit(request)
        return asked

    def events(self):
        found = []
        for message in self.queue.receive(visibility_s=0):
            self.queue.delete(message)
            found += read_message(message.body, self.blobs).events
        return found

    def text_of(self, event):
        key, _, span = event.log.partition("#")
        start, length = map(int, span.split("+"))
        return self.blobs.get(key)[start : start + length].decode()


@contextmanager
def running(folder: Path, after_report=None, roles=None):
    system = System(folder, after_report, roles)
    with system.server:
        try:
            yield system
        finally:
            for worker in system.workers:
                if worker.poll() is None:
                    worker.kill()
                worker.communicate()
            system.log.close()


def python(body, *items, **more):
    return chunk_of(
        *(items or (WorkItem(instance="p/a", attempt=1),)), runs=Inline(language="python", body=body), **more
    )


def shell(body, *items, **more):
    return chunk_of(*items, runs=Inline(language="shell", body=body), **more)
