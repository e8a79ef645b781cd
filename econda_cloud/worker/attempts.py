"""Runs the attempts of one chunk: each in a directory of its own, by the process that its task asks for."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from econda_edsl.plan import Container, Entry, Inline, Operator

from econda_cloud.ports.blobs import WorkerBlobs
from econda_cloud.ports.secrets import Secrets
from econda_cloud.wire.chunk import Build, Chunk, WorkItem
from econda_cloud.wire.events import Item
from econda_cloud.wire.keys import checkpoint_key
from econda_cloud.wire.names import file_name
from econda_cloud.worker.data.artifacts import Keep, keep_in, store
from econda_cloud.worker.data.cache import Cache
from econda_cloud.worker.data.cache_room import Room
from econda_cloud.worker.data.checkpoints import Checkpoint
from econda_cloud.worker.data.inputs import InputChanged, Inputs
from econda_cloud.worker.data.operator_state import Kept, OperatorState, StateMoved
from econda_cloud.worker.data.typed_values import Checker, read_type, to_wire
from econda_cloud.worker.environments.build import build
from econda_cloud.worker.environments.uv import Uv, UvFailed
from econda_cloud.worker.processes import shell, shell_inputs, shell_outputs
from econda_cloud.worker.processes.host_pool import HostPool, Sharing
from econda_cloud.worker.processes.host_process import Host
from econda_cloud.worker.processes.limits import Limit, Limits, timeout
from econda_cloud.worker.processes.variables import for_uv, with_packages
from econda_cloud.worker.processes.workdirs import Workdir
from econda_cloud.worker.reports.masking import mask_file, masked_text

Show = Callable[[WorkItem, Path, Sequence[str]], contextlib.AbstractContextManager[None]]
"""Shows what an attempt writes to its log, without these secrets, while the context lasts."""


def hidden(item: WorkItem, log: Path, secrets: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Nobody looks at it before it has ended."""
    del item, log, secrets
    return contextlib.nullcontext()


class Attempts:
    """The attempts of a chunk, one after another. `scratch` is absolute and keeps logs and fetched files."""

    def __init__(
        self,
        chunk: Chunk,
        blobs: WorkerBlobs,
        scratch: Path,
        hosts: HostPool,
        cancelled: Callable[[Item], bool],
        secrets: Secrets,
        keep: Keep | None = None,
        show: Show = hidden,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.secrets, self.show, self.variables = secrets, show, variables
        self.keep = keep or keep_in(blobs, chunk.namespace)
        self.chunk, self.task, self.blobs, self.hosts, self.cancelled = chunk, chunk.task, blobs, hosts, cancelled
        self.logs, self.work, cached = _folders(scratch, chunk.namespace, chunk.run)
        self.cache = Cache(blobs, cached, _room(cached.parent))
        self.inputs = Inputs(self.cache, lambda: hosts.workdirs.folder(self.work))
        self.input_types = {name: read_type(text) for name, text in self.task.inputs.items()}
        self.host: Host | None = None
        self.sharing: Sharing | None = None
        self.log = ""
        """Where the log of the attempt that ended last is; empty if it has none."""

    def own_host(self, python: str, site: str) -> Host:
        """The process of this chunk's attempts."""
        if self.host is None:
            self.sharing = Sharing(self.chunk.namespace, self.chunk.run, self.task.name, python, site)
            self.host = self.hosts.take(self.sharing)
        return self.host

    def close(self) -> None:
        if self.host is not None and self.sharing is not None:
            self.hosts.give(self.sharing, self.host)
            self.host = None
        self.inputs.close()
        self.cache.close()

    def run(self, item: WorkItem, place: Limit | None) -> dict[str, Any]:
        """`{"outputs": …}` or `{"failure", "message"}`. `place` is the limit of where it runs. Raises `BadOutput`."""
        self.log = ""
        if self.cancelled((item.instance, item.attempt)):
            return {"failure": "preempted", "message": "cancelled"}
        workdir = self.hosts.workdirs.take(self.work)
        attempt, again = _Attempt(self, item, place, workdir), False
        try:
            answer = attempt.outcome()
            # Whoever has failed, or has left something running, may still be at work there.
            again = "outputs" in answer and attempt.checkpoint is None and (self.host is None or self.host.up)
            return answer
        finally:
            if self.task.own_process and self.host is not None:
                self.host.close()
            if not attempt.looked:
                with contextlib.suppress(InputChanged):
                    self.inputs.check()
            attempt.hide_secrets()
            if workdir.has_log():
                kept = self.logs / f"{file_name(item.instance)}.{item.attempt}.log"
                workdir.keep_log(kept)
                self.log = str(kept)
            self.hosts.workdirs.give(workdir, again=again)


@lru_cache(maxsize=64)
def _folders(scratch: Path, namespace: str, run: str) -> tuple[Path, Path, Path]:
    """Where logs, work and fetched files of a run's attempts go; the same for all its chunks."""
    return scratch / "logs" / file_name(run), scratch / "work", scratch / "cache" / file_name(namespace)


@lru_cache(maxsize=8)
def _room(folder: Path) -> Room:
    """One for all chunks of this process, so that it knows how much they have fetched."""
    return Room(folder)


class _Attempt:
    """One attempt, at its workdir."""

    def __init__(self, chunk: Attempts, item: WorkItem, place: Limit | None, workdir: Workdir) -> None:
        self.all, self.task, self.item, self.place = chunk, chunk.task, item, place
        self.cwd, self.log = workdir.directory, workdir.log
        self.env = {**chunk.variables, **item.env, "ECONDA_RUN": chunk.chunk.run, "ECONDA_TASK": item.instance,
                    "ECONDA_ATTEMPT": str(item.attempt),
                    # What a program of Python has printed is there when it is killed.
                    "PYTHONUNBUFFERED": "1"}  # fmt: skip
        self.revealed = [chunk.secrets.get(reference) for reference in item.secrets.values()]
        self.env |= dict(zip(item.secrets, self.revealed, strict=True))
        self.by_file: list[str] = []
        self.looked = False
        """Whether its inputs were looked at after it."""
        self.state = self._operator_state()
        self.checkpoint = self._checkpoint()
        if self.checkpoint is not None:
            self.env["ECONDA_CHECKPOINT"] = str(self.checkpoint.directory)

    def outcome(self) -> dict[str, Any]:
        kept = self.state.read() if self.state is not None else None
        if self.state is not None:
            committed = self.state.committed(self.all.chunk.run, self.item.instance)
            if committed is not None:
                # An attempt before this one has committed, and its report was lost.
                return {"outputs": committed}
        with self.checkpoint or contextlib.nullcontext():
            with self.all.show(self.item, self.log, self.revealed):
                answer = self._run(kept)
            if "failure" in answer:
                return {**answer, "message": masked_text(answer["message"], self.revealed)}
            keep, work = self.all.keep, self.all.work
            files = isinstance(self.task.run, Container) or getattr(self.task.run, "language", "") == "shell"
            checker = Checker(self.task.types, lambda path, kind: store(keep, path, kind, work), self.cwd,
                              "written to $OUT" if files else "assigned")  # fmt: skip
            found = answer["ok"]
            outputs = checker.outputs(self.task.outputs, found["outputs"], found["assigned"])
            self.looked = True
            try:
                self.all.inputs.check()
            except InputChanged as error:
                return {"failure": "failed", "message": str(error)}
            if self.state is not None:
                declared = {name: field.type for name, field in self.task.state.items()}
                try:
                    values = checker.outputs(declared, found["state"], found["state"])
                    self.state.commit(values, outputs, self.all.chunk.run, self.item.instance)
                except StateMoved:
                    message = "the state of the operator was committed by another run meanwhile; it begins again"
                    return {"failure": "preempted", "message": message}
            if self.checkpoint is not None:
                self.checkpoint.wanted = False
            return {"outputs": outputs}

    def hide_secrets(self) -> None:
        """What the attempt leaves behind holds none."""
        if self.revealed:
            mask_file(self.log, self.revealed)

    def _operator_state(self) -> OperatorState | None:
        chunk = self.all.chunk
        return (
            OperatorState(self.all.blobs, chunk.namespace, self.task.name, self.item.key) if self.task.state else None
        )

    def _checkpoint(self) -> Checkpoint | None:
        if self.task.checkpoint_ms is None and self.task.checkpoint_bytes is None:
            return None
        chunk = self.all.chunk
        key = checkpoint_key(chunk.namespace, chunk.run, self.item.instance)
        directory = self.cwd.with_name(f"{self.cwd.name}.checkpoint")
        return Checkpoint(self.all.blobs, key, directory, self.task.checkpoint_ms, self.log, self.task.checkpoint_bytes)

    def _limits(self) -> Limits:
        item, cancelled = (self.item.instance, self.item.attempt), self.all.cancelled
        own = timeout(self.task.timeout_ms) if self.task.timeout_ms is not None else None
        return Limits(lambda: cancelled(item), own, self.place)

    def _run(self, kept: Kept | None) -> dict[str, Any]:
        run = self.task.run
        if isinstance(run, Build):
            return self._build(run)
        if isinstance(run, Container):
            return self._container(run)
        if isinstance(run, Operator) or run.language == "python":
            return self._python(run, kept)
        if run.language == "shell":
            return self._shell(run)
        # No pool offers such a language without its interpreter; a worker that is handed one says what it lacks.
        return {"failure": "failed", "message": f"this worker cannot run {run.language}"}

    def _build(self, what: Build) -> dict[str, Any]:
        host = self.all.own_host(sys.executable, "")
        uv = Uv(for_uv(self.all.hosts.environment), self._limits(), self.log, self.cwd, host.run_command)
        try:
            archive = build(what, self.all.blobs, self.all.chunk.namespace, uv)
        except UvFailed as error:
            return {"failure": error.failure, "message": str(error)}
        return {"ok": {"outputs": {"archive": archive}, "assigned": ["archive"]}}

    def _python(self, run: Inline | Entry | Operator, kept: Kept | None) -> dict[str, Any]:
        locate = self.all.inputs.path
        inputs = {
            name: to_wire(self.all.input_types.get(name) or read_type("String"), value, self.task.types, locate)
            for name, value in self.item.args.items()
        }
        request = {
            "task": self.task.name, "inputs": inputs, "outputs": list(self.task.outputs), "env": self.env,
            "cwd": str(self.cwd), "log": str(self.log), "memory": self.task.memory, "bundle": str(self._bundle() or ""),
            "body": run.body if isinstance(run, Inline) else "",
            "file": run.file if isinstance(run, Inline) else "", "line": run.line if isinstance(run, Inline) else 0,
            "path": run.path if isinstance(run, Entry) else "",
            "function": run.function if isinstance(run, Entry) else "",
            "operator": f"{run.package}:{run.name}" if isinstance(run, Operator) else "",
            "connector": self._connector(run) if isinstance(run, Operator) else None,
            "state": self._start_state(kept) if kept is not None else None,
        }  # fmt: skip
        return self.all.own_host(*self._interpreter()).run(request, self._limits())

    def _connector(self, run: Operator) -> dict[str, Any] | None:
        """Driver and settings of a connector, with its secrets in the clear: they go no further than the operator."""
        if run.connector is None:
            return None
        settings = {}
        for name, value in run.connector.settings.items():
            secret = isinstance(value, dict) and "secret" in value
            settings[name] = self.all.secrets.get(value["secret"]) if secret else value
            if secret:
                self.revealed.append(settings[name])
        return {"driver": run.connector.driver, **settings}

    def _start_state(self, kept: Kept) -> dict[str, Any]:
        """The values an operator goes on from; a field that was not kept yet has its start."""
        values = {name: kept.values.get(name, field.start) for name, field in self.task.state.items()}
        types, locate = self.task.types, self.all.inputs.path
        fields = self.task.state.items()
        return {name: to_wire(read_type(field.type), values[name], types, locate) for name, field in fields}

    def _interpreter(self) -> tuple[str, str]:
        """The environment's own Python where it brings one, else this one with its packages on the path."""
        site = self._packages()
        if site is None:
            return sys.executable, ""
        python = site / "bin" / "python"
        return (str(python), "") if python.exists() else (sys.executable, str(site))

    def _packages(self) -> Path | None:
        archive = self.all.chunk.archive
        return self.all.cache.opened(archive) if archive is not None else None

    def _bundle(self) -> Path | None:
        bundle = self.all.chunk.bundle
        return self.all.cache.opened(bundle) if bundle else None

    def _shell(self, run: Inline | Entry) -> dict[str, Any]:
        out = self._out()
        if isinstance(run, Inline):
            command = shell.body_command(run.body)
        else:
            command = shell.file_command((self._bundle() or self.cwd) / run.path)
        environment, site = self.all.hosts.environment, self._packages()
        if site is not None:
            environment = with_packages(environment, site)
        return self._ended(command, {**environment, **self.env}, out, self.task.memory)

    def _container(self, run: Container) -> dict[str, Any]:
        out, name, inputs = self._out(), self.cwd.name, self.all.inputs
        argv = [shell_inputs.as_text(each, inputs.path) for each in self.item.argv]
        mounts = [self.cwd, *inputs.folders(), *([self.checkpoint.directory] if self.checkpoint else [])]
        try:
            command = shell.container_command(name, run.image, argv, self.env, mounts, self.task.memory)
        except OSError as error:
            return {"failure": "failed", "message": str(error)}
        answer = self._ended(command, {**self.all.hosts.environment, **self.env}, out)
        if "failure" in answer:
            shell.remove_container(name)
        return answer

    def _out(self) -> Path:
        """The directory of the outputs; it and the inputs become variables."""
        out = self.cwd / "out"
        out.mkdir()
        given = shell_inputs.variables(self.item.args, self.all.inputs.path, self.cwd)
        self.by_file = shell_inputs.left_out(self.item.args, given)
        self.env = {**self.env, **given, "OUT": str(out)}
        return out

    def _ended(self, command: list[str], environment: dict[str, str], out: Path, memory: int = 0) -> dict[str, Any]:
        host = self.all.own_host(sys.executable, "")
        answer = shell.run_command(
            host.run_command, command, environment, self.cwd, self.log, self._limits(), memory, self.by_file
        )
        if "failure" in answer:
            return answer
        found = shell_outputs.read_outputs(self.task.outputs, out)
        return {"ok": {"outputs": found, "assigned": [path.name for path in out.iterdir()] if out.is_dir() else []}}
