"""The warm child that runs Python attempts, one JSON line in, one out. `host.py` starts it.

It runs under the task's own interpreter, so it imports nothing but the standard library, and of that no more than
every attempt needs: a first task waits for it. `host_values.py` lies beside it and says how values are written.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import linecache
import os
import resource
import signal
import sys
import types

from host_values import dump, load  # pyright: ignore[reportMissingImports]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FRAMES = 8
_SHOWN = 4_000


class Host:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self.bundle = ""
        self.compiled: dict[str, tuple[str, Any]] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run one attempt with its own directory, log, environment and memory limit."""
        log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        environment, path, streams, main = (
            variables(),
            list(sys.path),
            (sys.stdout, sys.stderr),
            sys.modules["__main__"],
        )
        limit = resource.getrlimit(resource.RLIMIT_DATA)
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        self.use_bundle(request["bundle"])
        try:
            try:
                if request["memory"]:
                    wanted = request["memory"]
                    soft = wanted if limit[1] == resource.RLIM_INFINITY else min(wanted, limit[1])
                    resource.setrlimit(resource.RLIMIT_DATA, (soft, limit[1]))
                return {"ok": self.execute(request)}
            finally:
                resource.setrlimit(resource.RLIMIT_DATA, limit)
        except BaseException as error:
            return self.failure(error, request)
        finally:
            sys.stdout, sys.stderr = streams
            for stream in streams:
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
            sys.path[:] = path
            sys.modules["__main__"] = main
            now = variables()
            for name in {name for name, _ in now.items() ^ environment.items()} if now != environment else ():
                os.environb.pop(name, None)
                if name in environment:
                    os.environb[name] = environment[name]

    def use_bundle(self, bundle: str) -> None:
        """Modules of another bundle may share names with this one's, so they are forgotten."""
        if bundle != self.bundle:
            old = self.bundle + os.sep
            for name, module in list(sys.modules.items()):
                if self.bundle and str(getattr(module, "__file__", "")).startswith(old):
                    del sys.modules[name]
            self.bundle = bundle
            importlib.invalidate_caches()
        if bundle:
            sys.path.insert(0, bundle)

    def execute(self, request: dict[str, Any]) -> dict[str, Any]:
        inputs = {name: load(value) for name, value in request["inputs"].items()}
        kept = None if request.get("state") is None else {n: load(v) for n, v in request["state"].items()}
        if request.get("operator"):
            return self.returned(self.operate(request, inputs), request["outputs"])
        if request["function"]:
            function = getattr(self.module(request["path"]), request["function"])
            if kept is None:
                return self.returned(function(**inputs), request["outputs"])
            state = types.SimpleNamespace(**kept)
            answer = self.returned(function(**inputs, state=state), request["outputs"])
            return {**answer, "state": {n: dump(getattr(state, n)) for n in kept if hasattr(state, n)}}
        if request["path"]:
            name = os.path.join(self.bundle, request["path"])
            with open(name, encoding="utf-8") as file:
                body = file.read()
        else:
            name, body = f"<task {request['task']}>", request["body"]
        known, code = self.compiled.get(name, ("", None))
        if code is None or known != body:
            linecache.cache[name] = (len(body), None, body.splitlines(keepends=True), name)
            code = compile(body, name, "exec", dont_inherit=True)
            self.compiled[name] = (body, code)
        # Classes of the body name `__main__` as their module; pickle and dataclasses look them up there.
        main = types.ModuleType("__main__")
        sys.modules["__main__"] = main
        space = main.__dict__
        space.update(inputs)
        space.update(kept or {})
        if request["path"]:
            space["__file__"] = name
        try:
            exec(code, space)
        except SystemExit as error:
            if error.code not in (None, 0):
                raise
        hidden = (types.ModuleType, types.FunctionType, type)
        names = [n for n, v in space.items() if not n.startswith("_") and n not in inputs and not isinstance(v, hidden)]
        outputs = {n: dump(space[n]) for n in request["outputs"] if n in space}
        if kept is None:
            return {"outputs": outputs, "assigned": names}
        return {"outputs": outputs, "assigned": names, "state": {n: dump(space[n]) for n in kept if n in space}}

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
                  if frame.filename == f"<task {request['task']}>" or (self.bundle and frame.filename.startswith(self.bundle + os.sep))]  # fmt: skip
        for frame in frames:
            frame.filename = frame.filename.removeprefix(self.bundle + os.sep) if self.bundle else frame.filename
        lines = traceback.format_list(frames[-_FRAMES:])
        last = "".join(traceback.format_exception_only(type(error), error)).strip()
        message = last[:_SHOWN] + ("\n" + "".join(lines).rstrip()[:_SHOWN] if lines else "")
        sys.stderr.write("".join(lines) + last + "\n")
        return {"failure": "out_of_memory" if isinstance(error, MemoryError) else "failed", "message": message}


def variables() -> dict[bytes, bytes]:
    """A copy of the environment, as bytes.

    By the dictionary inside of `os.environ`: going through its public face twice took a third of a short task's time.
    """
    inside = getattr(os.environ, "_data", None)
    return inside.copy() if type(inside) is dict else dict(os.environb)


def leftovers() -> bool:
    """Whether the attempt left something running that could disturb the next one."""
    signal.alarm(0)
    # Who started a thread has loaded this.
    threading = sys.modules.get("threading")
    threads = [each for each in threading.enumerate() if each is not threading.main_thread()] if threading else []
    if sys.stdout.closed or sys.stderr.closed or not all(thread.daemon for thread in threads):
        return True
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def main() -> None:
    requests = open(int(sys.argv[1]), encoding="utf-8")  # noqa: SIM115
    reply = int(sys.argv[2])
    for fd in (requests.fileno(), reply):
        os.set_inheritable(fd, False)
    for stream in (sys.stdout, sys.stderr):
        # By lines: what is written before a kill is in the log, and whoever looks meanwhile sees it.
        stream.reconfigure(errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    sys.path[:] = [each for each in sys.path if each != os.path.dirname(os.path.abspath(__file__))]
    host = Host()
    for line in requests:
        answer = host.answer(json.loads(line))
        # A fork of the user's that fell out of the body must not answer for this process.
        if os.getpid() != host.pid:
            os._exit(1 if "failure" in answer else 0)
        answer["stale"] = leftovers()
        data = memoryview(json.dumps(answer).encode() + b"\n")
        while data:
            data = data[os.write(reply, data) :]
