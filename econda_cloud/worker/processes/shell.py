"""Shell bodies, shell files and containers: inputs as variables, outputs as files in `$OUT`."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from econda_cloud.worker.data.artifacts import TYPES as ARTIFACTS
from econda_cloud.worker.data.typed_values import Locate, is_artifact, read_type
from econda_cloud.worker.processes.host_process import exit_message
from econda_cloud.worker.processes.limits import Limits

Run = Callable[[list[str], Mapping[str, str], Path, Path, Limits, int], dict[str, Any]]
"""Runs a command with these variables, in this directory, with this log, within these limits and so many bytes of memory:
`{"code": …}` or `{"failure", "message"}`."""

_VARIABLE_MOST = 131_072
"""Bytes of one variable, with its name: `MAX_ARG_STRLEN` of execve(2)."""

_HINTS = {
    141: " (SIGPIPE: the next program of a pipe had read enough; `set +o pipefail` before it lets that pass)",
    126: " (a program is not executable)",
    127: " (a program is not installed where the task ran)",
    137: " (SIGKILL: for want of memory, most likely)",
}
"""What a shell says of how a program ended, where it does not explain itself."""

_TEXT_MOST = 16 * 1024 * 1024
# Where a running process cannot be limited from outside (elsewhere than on Linux), a shell limits itself and becomes the
# program: code between fork and exec is not safe with threads.
_LIMITED = 'ulimit -S -d "$1" 2>/dev/null; shift; exec "$@"'


def variables(args: Mapping[str, Any], locate: Locate) -> dict[str, str]:
    """Inputs as environment variables; durations in ms, sizes in bytes."""
    return {name: as_text(value, locate) for name, value in args.items()}


def as_text(value: Any, locate: Locate) -> str:
    """One value as a word: text as it is, an artifact as its path, lists and records as JSON."""
    plain = _paths(value, locate)
    if plain is None:
        return ""
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _paths(value: Any, locate: Locate) -> Any:
    if is_artifact(value):
        return str(locate(value))
    if isinstance(value, list):
        return [_paths(each, locate) for each in value]
    if isinstance(value, dict):
        return {name: _paths(each, locate) for name, each in value.items()}
    return value


@lru_cache(maxsize=1)
def _shell() -> tuple[str, ...]:
    bash = shutil.which("bash")
    return (bash, "-eu", "-o", "pipefail") if bash else ("sh", "-eu")


def body_command(body: str) -> list[str]:
    return [*_shell(), "-c", body]


def file_command(path: Path) -> list[str]:
    """A file of code. Of one from Windows the marks are taken off that no shell reads, and `$0` is the file as ever."""
    try:
        written = path.read_bytes()
    except OSError:
        written = b""
    code = written.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")
    if code == written or len(code) >= _VARIABLE_MOST or b"\0" in code:
        return [*_shell(), str(path)]
    return [*body_command(os.fsdecode(code)), str(path)]


def _limited(command: list[str], memory: int) -> list[str]:
    """The command under a limit of `memory` bytes for each of its processes, where only it can set that itself."""
    if not memory or hasattr(resource, "prlimit"):
        return command
    return ["sh", "-c", _LIMITED, "sh", str(max(1, memory // 1024)), *command]


def container_command(
    name: str, image: str, argv: list[str], env: Mapping[str, str], mounts: list[Path], memory: int
) -> list[str]:
    """`docker run` with the same paths inside as outside. Raises `OSError` where no engine answers."""
    if not _engine():
        raise OSError("no container engine is here: `docker version` does not answer")
    command = ["docker", "run", "--rm", "--init", "--name", name, "--user", f"{os.getuid()}:{os.getgid()}"]
    if memory:
        command += ["--memory", str(memory)]
    for path in mounts:
        command += ["--volume", f"{path}:{path}"]
    for variable, value in env.items():
        command += ["--env", f"{variable}={value}"]
    return [*command, "--workdir", str(mounts[0]), image, *argv]


def remove_container(name: str) -> None:
    """End a container: killing the client that started it does not."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, timeout=30, check=False)


@lru_cache(maxsize=1)
def _engine() -> bool:
    if shutil.which("docker") is None:
        return False
    try:
        return subprocess.run(["docker", "version"], capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def run_command(
    run: Run, command: list[str], env: Mapping[str, str], cwd: Path, log: Path, limits: Limits, memory: int = 0
) -> dict[str, Any]:
    """Run to the end: `{"ok": {}}` or `{"failure", "message"}`. Each process may have `memory` bytes, if not 0."""
    if zero := next((name for name, value in env.items() if "\0" in value), None):
        return {"failure": "failed", "message": _zero_byte(zero)}
    program, *arguments = _limited(command, memory)
    found = shutil.which(program, path=env.get("PATH"))
    if found is None:
        return {"failure": "failed", "message": f"could not start: there is no program `{program}` on the PATH"}
    answer = run([found, *arguments], env, cwd, log, limits, memory)
    if answer.get("failure") == "too_long":
        return {"failure": "failed", "message": _too_long(env)}
    if "failure" in answer:
        return answer
    if answer["code"] == 0:
        return {"ok": {}}
    return {"failure": "failed", "message": exit_message(answer["code"]) + _hint(answer["code"])}


def _too_long(env: Mapping[str, str]) -> str:
    """Why no program could be started with these variables: the largest is most likely an input."""
    name = max(env, key=lambda each: len(env[each]))
    return (
        f"could not start: `{name}` has {len(env[name].encode()):,} bytes, and the system takes {_VARIABLE_MOST:,} in a"
        f" variable; make `{name}` a File where it is made and read that, or use `run python`"
    )


def _zero_byte(name: str) -> str:
    return (
        f"could not start: `{name}` has a zero byte, which no variable can hold; make `{name}` a File where it is made and"
        " read that, or use `run python`"
    )


def _hint(code: int) -> str:
    return _HINTS.get(code, "")


def read_outputs(declared: Mapping[str, str], out: Path) -> dict[str, Any]:
    """The files of `$OUT` as wire values by type; what cannot be read as its type stays text, for the check to name."""
    found = {}
    for name, text in declared.items():
        path, kind = out / name, read_type(text)
        if kind.name == "?":
            kind = kind.args[0]
        if not (path.exists() or path.is_symlink()):
            if read_type(text).name == "?":
                found[name] = None
        elif kind.name in ARTIFACTS:
            found[name] = {"$path": str(path)}
        else:
            found[name] = _read(kind.name, path)
    return found


def _read(kind: str, path: Path) -> Any:
    if not path.is_file():
        return {"$unreadable": "a directory" if path.is_dir() else "not a file"}
    if path.stat().st_size > _TEXT_MOST:
        return {"$unreadable": "a file over 16 MiB"}
    data = path.read_bytes()
    try:
        return _parse(kind, data.decode("utf-8").removesuffix("\n"))
    except UnicodeDecodeError as error:
        return {"$unreadable": f"no UTF-8 text: byte 0x{data[error.start]:02x} at {error.start}"}


def _parse(kind: str, text: str) -> Any:
    if kind in ("String", "|", "Date", "Instant"):
        return text
    try:
        value = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return text.strip()
    # Only the host marks values; here a record with such a key is the user's own.
    return {"$plain": value} if isinstance(value, dict) and any(key.startswith("$") for key in value) else value
