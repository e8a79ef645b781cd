"""Runs a chunk: its items one after another, one report each, whatever any of them does."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from econda_edsl.plan import Container, Entry, Inline

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.run.events import AttemptFailed, AttemptSucceeded, Item
from econda_cloud.worker import shell
from econda_cloud.worker.artifacts import Cache, discard, store
from econda_cloud.worker.outputs import BadOutput, Checker, read_type, to_wire
from econda_cloud.worker.processes import Host, HostPool
from econda_cloud.worker.spec import Chunk, Report, WorkItem

_SHOWN = 4_000


def never(_: Item) -> bool:
    return False


def run_chunk(
    chunk: Chunk,
    *,
    blobs: BlobStore,
    scratch: Path,
    hosts: HostPool,
    clock: Callable[[], int],
    cancelled: Callable[[Item], bool] = never,
) -> Iterator[Report]:
    """Reports in the order of the items. `clock` gives ms since the epoch; `scratch` keeps logs and fetched files.

    `cancelled` is asked before an item and about once a second while it runs; a cancelled one reports `preempted`.
    """
    worker = _Worker(chunk, blobs, scratch.absolute(), hosts, cancelled)
    try:
        for item in chunk.items:
            started = clock()
            log = worker.log_path(item)
            answer: dict[str, Any]
            try:
                answer = worker.attempt(item, log)
            except BadOutput as error:
                answer = {"failure": "bad_output", "message": str(error)}
            except Exception as error:
                answer = {"failure": "failed", "message": f"{type(error).__name__}: {error}"[:_SHOWN]}
            common: dict[str, Any] = {"instance": item.instance, "attempt": item.attempt, "log": str(log),
                                      "started_ms": started, "ended_ms": clock()}  # fmt: skip
            if "failure" in answer:
                yield AttemptFailed(failure=answer["failure"], message=_text(answer["message"]), **common)
            else:
                yield AttemptSucceeded(outputs=answer["outputs"], **common)
    finally:
        worker.close()


class _Worker:
    def __init__(
        self, chunk: Chunk, blobs: BlobStore, scratch: Path, hosts: HostPool, cancelled: Callable[[Item], bool]
    ) -> None:
        self.chunk, self.task, self.blobs, self.hosts, self.cancelled = chunk, chunk.task, blobs, hosts, cancelled
        self.scratch = scratch
        self.logs = scratch / "logs" / _file_name(chunk.run)
        self.work = scratch / "work"
        for path in (self.logs, self.work, scratch / "cache"):
            path.mkdir(parents=True, exist_ok=True)
        self.cache = Cache(blobs, scratch / "cache")
        self.input_types = {name: read_type(text) for name, text in self.task.inputs.items()}
        self.host: Host | None = None
        # Names of work directories also name containers, so they differ between workers.
        self.own, self.count = f"econda-{uuid.uuid4().hex[:16]}", 0

    def close(self) -> None:
        if self.host is not None:
            self.hosts.give(self.host)
            self.host = None

    def log_path(self, item: WorkItem) -> Path:
        return self.logs / f"{_file_name(item.instance)}.{item.attempt}.log"

    def attempt(self, item: WorkItem, log: Path) -> dict[str, Any]:
        """`{"outputs": …}` or `{"failure", "message"}`. Raises `BadOutput`."""
        if self.cancelled((item.instance, item.attempt)):
            return {"failure": "preempted", "message": "cancelled"}
        log.write_bytes(b"")
        self.count += 1
        cwd = self.work / f"{self.own}-{self.count}"
        cwd.mkdir(0o700)
        try:
            answer = self._run(item, cwd, log)
            if "failure" in answer:
                return answer
            checker = Checker(self.task.types, lambda path, kind: store(self.blobs, path, kind, self.work), cwd)
            found = answer["ok"]
            return {"outputs": checker.outputs(self.task.outputs, found["outputs"], found["assigned"])}
        finally:
            discard(cwd)

    def _run(self, item: WorkItem, cwd: Path, log: Path) -> dict[str, Any]:
        run = self.task.run
        env = {**item.env, "ECONDA_RUN": self.chunk.run, "ECONDA_TASK": item.instance,
               "ECONDA_ATTEMPT": str(item.attempt)}  # fmt: skip
        if isinstance(run, Container) or run.language == "shell":
            return self._shell(run, item, env, cwd, log)
        return self._python(run, item, env, cwd, log)

    def _bundle(self) -> Path | None:
        return self.cache.opened(self.chunk.bundle) if self.chunk.bundle else None

    def _stop(self, item: WorkItem) -> Callable[[], bool]:
        return lambda: self.cancelled((item.instance, item.attempt))

    def _python(self, run: Inline | Entry, item: WorkItem, env: dict[str, str], cwd: Path, log: Path) -> dict[str, Any]:
        inputs = {
            name: to_wire(
                self.input_types.get(name) or read_type("String"), value, self.task.types, self.cache.artifact
            )
            for name, value in item.args.items()
        }
        request = {
            "task": self.task.name, "inputs": inputs, "outputs": list(self.task.outputs), "env": env, "cwd": str(cwd),
            "log": str(log), "memory": self.task.memory, "bundle": str(self._bundle() or ""),
            "body": run.body if isinstance(run, Inline) else "",
            "path": run.path if isinstance(run, Entry) else "",
            "function": run.function if isinstance(run, Entry) else "",
        }  # fmt: skip
        if self.host is None:
            self.host = self.hosts.take(*self._interpreter())
        return self.host.run(request, self.task.timeout_ms, self._stop(item))

    def _interpreter(self) -> tuple[str, str]:
        """The environment's own Python where it brings one, else this one with its packages on the path."""
        if self.chunk.archive is None:
            return sys.executable, ""
        root = self.cache.opened(self.chunk.archive)
        python = root / "bin" / "python"
        return (str(python), "") if python.exists() else (sys.executable, str(root))

    def _shell(
        self, run: Inline | Entry | Container, item: WorkItem, env: dict[str, str], cwd: Path, log: Path
    ) -> dict[str, Any]:
        out = cwd / "out"
        out.mkdir()
        locate = self.cache.artifact
        env = {**env, **shell.variables(item.args, locate), "OUT": str(out)}
        if isinstance(run, Container):
            argv = [shell.as_text(each, locate) for each in item.argv]
            try:
                mounts = [cwd, self.cache.directory]
                command = shell.container_command(cwd.name, run.image, argv, env, mounts, self.task.memory)
            except OSError as error:
                return {"failure": "failed", "message": str(error)}
        elif isinstance(run, Inline):
            command = shell.limited(shell.body_command(run.body), self.task.memory)
        else:
            command = shell.limited(shell.file_command((self._bundle() or cwd) / run.path), self.task.memory)
        whole = {**os.environ, **env}
        answer = shell.run_process(command, whole, cwd, log, self.task.timeout_ms, self._stop(item))
        if "failure" in answer:
            if isinstance(run, Container):
                shell.remove_container(cwd.name)
            return answer
        found = shell.read_outputs(self.task.outputs, out)
        return {"ok": {"outputs": found, "assigned": [path.name for path in out.iterdir()]}}


def _text(message: str) -> str:
    """Without lone surrogates, which JSON cannot carry."""
    return message.encode("utf-8", "replace").decode()


def _file_name(instance: str) -> str:
    """An instance as a file name: readable, and different for different instances."""
    if re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", instance, flags=re.ASCII):
        return instance
    return (
        re.sub(r"[^\w.-]", "_", instance, flags=re.ASCII)[:80]
        + "~"
        + hashlib.sha256(instance.encode()).hexdigest()[:16]
    )
