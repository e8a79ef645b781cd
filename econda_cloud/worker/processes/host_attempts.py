"""What runs the attempts of one task of one run, one JSON line in, one out. `host_server.py` forks it.

It runs under the task's own interpreter, so it imports nothing but the standard library, and of that no more than
every attempt needs: a first task waits for it. `host_values.py` lies beside it and says how values are written.
"""

from __future__ import annotations

import builtins
import json
import linecache
import os
import resource
import sys
import types

import host_exits  # pyright: ignore[reportMissingImports]
from host_commands import run_command  # pyright: ignore[reportMissingImports]
from host_descendants import end_below  # pyright: ignore[reportMissingImports]
from host_surroundings import Surroundings, begin_random, has_threads  # pyright: ignore[reportMissingImports]
from host_values import dump, load  # pyright: ignore[reportMissingImports]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FRAMES = 8
_SHOWN = 4_000
READY = b"ready\n"


class Host:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self.bundle = ""
        self.compiled: dict[str, tuple[bytes | str, Any]] = {}
        self.surroundings: Surroundings | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run one attempt, and end what it has left running. `stale` tells that this process is not to run another."""
        if request["command"]:
            answer = run_command(request)
            end_below()
            return {**answer, "stale": False}
        answer = self.attempt(request)
        if os.getpid() != self.pid:
            # A fork of the user's that fell out of the body must not answer for this process.
            os._exit(1 if "failure" in answer else 0)
        answer["stale"] = end_below() or has_threads()
        return answer

    def as_before(self) -> bool:
        """Make the process as it was before the attempt; False if that cannot be."""
        try:
            if self.surroundings is not None and not self.surroundings.restore():
                return False
            begin_random()
        except BaseException:
            return False
        return True

    def attempt(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run one attempt with its own directory, log, environment and memory limit."""
        log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        self.bundle = request["bundle"]
        if self.surroundings is None:
            self.surroundings = Surroundings(self.bundle)
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        limit = resource.getrlimit(resource.RLIMIT_DATA)
        try:
            if request["memory"]:
                wanted = request["memory"]
                soft = wanted if limit[1] == resource.RLIM_INFINITY else min(wanted, limit[1])
                resource.setrlimit(resource.RLIMIT_DATA, (soft, limit[1]))
            return {"ok": self.execute(request)}
        except BaseException as error:
            # Without room for what explains it, nothing could be explained.
            resource.setrlimit(resource.RLIMIT_DATA, limit)
            return self.failure(error, request)

    def execute(self, request: dict[str, Any]) -> dict[str, Any]:
        inputs = {name: load(value) for name, value in request["inputs"].items()}
        kept = None if request.get("state") is None else {n: load(v) for n, v in request["state"].items()}
        if request.get("operator"):
            return self.returned(self.operate(request, inputs), request["outputs"])
        if self.bundle:
            sys.path.insert(0, self.bundle)
        if request["function"]:
            function = getattr(self.module(request["path"]), request["function"])
            if kept is None:
                return self.returned(host_exits.finished(function, **inputs), request["outputs"])
            state = types.SimpleNamespace(**kept)
            answer = self.returned(host_exits.finished(function, **inputs, state=state), request["outputs"])
            return {**answer, "state": {n: dump(getattr(state, n)) for n in kept if hasattr(state, n)}}
        name, code = self.code(request)
        # Classes of the body name `__main__` as their module; pickle and dataclasses look them up there.
        main = types.ModuleType("__main__")
        sys.modules["__main__"] = main
        space = main.__dict__
        space["__builtins__"] = builtins
        space.update(inputs)
        space.update(kept or {})
        if request["path"]:
            # As the interpreter begins with a program.
            space["__file__"], space["__cached__"] = name, None
            sys.argv[:] = [name]
            sys.path.insert(0, os.path.dirname(name))
        try:
            host_exits.finished(exec, code, space)
        except SystemExit as error:
            if error.code not in (None, 0):
                raise
        hidden = (types.ModuleType, types.FunctionType, type)
        names = [n for n, v in space.items() if not n.startswith("_") and n not in inputs and not isinstance(v, hidden)]
        outputs = {n: dump(space[n]) for n in request["outputs"] if n in space}
        if kept is None:
            return {"outputs": outputs, "assigned": names}
        return {"outputs": outputs, "assigned": names, "state": {n: dump(space[n]) for n in kept if n in space}}

    def inline(self, request: dict[str, Any]) -> str:
        """The name of a body's code: of the pipeline's file, if that is known, in which it has its own lines."""
        return request["file"] or f"<task {request['task']}>"

    def code(self, request: dict[str, Any]) -> tuple[str, Any]:
        """The name and the code of a body. Of a file the bytes are compiled, which may say how they are encoded."""
        body: bytes | str
        if request["path"]:
            name = os.path.join(self.bundle, request["path"])
            with open(name, "rb") as file:
                body = file.read()
        else:
            name, body = self.inline(request), "\n" * request["line"] + request["body"]
        known, code = self.compiled.get(name, ("", None))
        if code is None or known != body:
            if isinstance(body, str):
                linecache.cache[name] = (len(body), None, body.splitlines(keepends=True), name)
            code = compile(body, name, "exec", dont_inherit=True)
            self.compiled[name] = (body, code)
        return name, code

    def operate(self, request: dict[str, Any], inputs: dict[str, Any]) -> Any:
        """Call an operator of an installed package; one that works through a connector is given it."""
        from importlib.metadata import entry_points  # Most tasks are no operators, and it takes its time.

        found = entry_points(group="econda.operators", name=request["operator"])
        for point in found:
            function = point.load()
            return (
                function(**inputs)
                if request["connector"] is None
                else function(**inputs, connector=request["connector"])
            )
        raise LookupError(
            f"the operator `{request['operator']}` is not installed where this task runs; install the package that"
            " provides it (entry point group `econda.operators`)"
        )

    def module(self, path: str) -> Any:
        """A file of the bundle, by its import name where it has one, so that relative imports work."""
        import importlib.util

        file = os.path.realpath(os.path.join(self.bundle, path))
        parts = path.removesuffix(".py").split("/")
        if all(part.isidentifier() for part in parts):
            found = importlib.import_module(".".join(parts)) if parts[0] not in sys.stdlib_module_names else None
            if found and os.path.realpath(str(found.__file__)) == file:
                return found
        spec = importlib.util.spec_from_file_location("task_" + parts[-1], file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is not a Python file")
        found = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = found
        spec.loader.exec_module(found)
        return found

    def returned(self, value: Any, names: list[str]) -> dict[str, Any]:
        if isinstance(value, dict) and (len(names) != 1 or names[0] in value):
            found = {str(name): each for name, each in value.items()}
        elif len(names) == 1:
            found = {names[0]: value}
        elif isinstance(value, tuple) and names:
            found = dict(zip(names, value))
        else:
            found = {}
        return {"outputs": {n: dump(found[n]) for n in names if n in found}, "assigned": list(found)}

    def failure(self, error: BaseException, request: dict[str, Any]) -> dict[str, Any]:
        """Kind, message and the frames of the user's own code; the full traceback is in the log."""
        import traceback

        if isinstance(error, SystemExit):
            code = error.code
            return {"failure": "failed", "message": f"exited with code {code if isinstance(code, int) else 1}"
                    + (f": {code}" if isinstance(code, str) else "")}  # fmt: skip
        frames = [frame for frame in traceback.extract_tb(error.__traceback__)
                  if frame.filename == self.inline(request) or (self.bundle and frame.filename.startswith(self.bundle + os.sep))]  # fmt: skip
        for frame in frames:
            frame.filename = frame.filename.removeprefix(self.bundle + os.sep) if self.bundle else frame.filename
        lines = traceback.format_list(frames[-_FRAMES:])
        last = "".join(traceback.format_exception_only(type(error), error)).strip()
        message = last[:_SHOWN] + ("\n" + "".join(lines).rstrip()[:_SHOWN] if lines else "")
        sys.stderr.write("".join(lines) + last + "\n")
        return {"failure": "out_of_memory" if isinstance(error, MemoryError) else "failed", "message": message}


def serve(requests: int, replies: int) -> None:
    """Answer requests until none will come any more. When the process is ready for another one, it says so."""
    for fd in (requests, replies):
        os.set_inheritable(fd, False)
    for stream in (sys.stdout, sys.stderr):
        # By lines, as at a terminal: what is printed is there whatever becomes of the attempt, and in order.
        stream.reconfigure(errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    sys.argv[:] = [""]
    host_exits.record()
    begin_random()
    host = Host()
    with open(requests, encoding="utf-8") as lines:
        for line in lines:
            _write(replies, json.dumps(host.answer(json.loads(line))).encode() + b"\n")
            # Meanwhile the worker sees to the outputs.
            if not host.as_before():
                return
            _write(replies, READY)


def _write(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
