"""Shell bodies, shell files and containers as commands, and how they ended."""

from __future__ import annotations

import codecs
import contextlib
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from econda_cloud.worker.processes.host_process import exit_message
from econda_cloud.worker.processes.limits import Limits
from econda_cloud.worker.processes.shell_inputs import VARIABLE_MOST

Run = Callable[[list[str], Mapping[str, str], Path, Path, Limits, int], dict[str, Any]]
"""Runs a command with these variables, in this directory, with this log, within these limits and so many bytes of memory:
`{"code": …}` or `{"failure", "message"}`."""

_HINTS = {
    141: " (SIGPIPE: the next program of a pipe had read enough; `set +o pipefail` before it lets that pass)",
    126: " (a program is not executable)",
    127: " (a program is not installed where the task ran)",
    137: " (SIGKILL: for want of memory, most likely)",
}
"""What a shell says of how a program ended, where it does not explain itself."""

# Where a running process cannot be limited from outside (elsewhere than on Linux), a shell limits itself and becomes the
# program: code between fork and exec is not safe with threads.
_LIMITED = 'ulimit -S -d "$1" 2>/dev/null; shift; exec "$@"'


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
    if code == written or len(code) >= VARIABLE_MOST or b"\0" in code:
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
    run: Run,
    command: list[str],
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    limits: Limits,
    memory: int = 0,
    by_file: Sequence[str] = (),
) -> dict[str, Any]:
    """Run to the end: `{"ok": {}}` or `{"failure", "message"}`. Each process may have `memory` bytes, if not 0.

    `by_file` are inputs that no variable could hold.
    """
    if zero := next((name for name, value in env.items() if "\0" in value), None):
        return {"failure": "failed", "message": _zero_byte(zero)}
    program, *arguments = _limited(command, memory)
    found = shutil.which(program, path=env.get("PATH"))
    if found is None:
        return {"failure": "failed", "message": f"could not start: there is no program `{program}` on the PATH"}
    answer = run([found, *arguments], env, cwd, log, limits, memory)
    if answer.get("failure") == "too_long":
        return {"failure": "failed", "message": _too_long([found, *arguments], env)}
    if "failure" in answer:
        return answer
    if answer["code"] == 0:
        return {"ok": {}}
    return {"failure": "failed", "message": exit_message(answer["code"]) + _hint(answer["code"], by_file)}


def _too_long(command: Sequence[str], env: Mapping[str, str]) -> str:
    """Why no program could be started: its code, one variable, or all of them together."""
    if code := next((len(each.encode()) for each in command if len(each.encode()) >= VARIABLE_MOST), 0):
        return (
            f"could not start: the code has {code:,} bytes, and the system takes {VARIABLE_MOST:,}; put it into a file"
        )
    name = max(env, key=lambda each: len(env[each]))
    size, total = len(env[name].encode()), sum(len(f"{each}={value}".encode()) + 1 for each, value in env.items())
    all_of_them = "" if size + len(name) + 2 > VARIABLE_MOST else f"all variables together have {total:,} bytes; "
    return (
        f"could not start: {all_of_them}`{name}` has {size:,} bytes, and the system takes {VARIABLE_MOST:,} in a variable and "
        f"about 2 MiB in all; make `{name}` a File where it is made and read that, or use `run python`"
    )


def _zero_byte(name: str) -> str:
    return (
        f"could not start: `{name}` has a zero byte, which no variable can hold; make `{name}` a File where it is made and"
        " read that, or use `run python`"
    )


def _hint(code: int, by_file: Sequence[str]) -> str:
    said = _HINTS.get(code, "")
    if by_file:
        name = by_file[0]
        said += f"; `${name}` was not set, because no variable holds more than {VARIABLE_MOST:,} bytes: read the file `${name}_file`"
    return said
