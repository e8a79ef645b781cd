"""Commands that a host runs for shells and containers: it stays their parent, so nothing they start outlives them."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_IGNORED_BY_PYTHON = [number for name in ("SIGPIPE", "SIGXFSZ") if (number := getattr(signal, name, None))]
"""Other programs expect them to end whoever writes into a closed pipe, or too much."""


def run_command(request: dict[str, Any]) -> dict[str, Any]:
    """Run a command to its end: `{"ok": {}}`, `{"failure", "message"}` or `{"code": …}`, negative for a signal."""
    # A signal to the attempt is meant for its command; a handler, unlike "ignore", is not passed on.
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        os.chdir(request["cwd"])
        pid = os.posix_spawn(
            request["command"][0],
            request["command"],
            request["env"],
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsigdef=_IGNORED_BY_PYTHON,
        )
        _limit(pid, request["memory"])
        return {"code": _ended(pid)}
    except (OSError, ValueError) as error:
        too_long = isinstance(error, OSError) and error.errno == errno.E2BIG
        return {"failure": "too_long" if too_long else "failed", "message": f"could not start: {error}"}
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _limit(pid: int, memory: int) -> None:
    """Limit a process that has just begun, and so all that it starts. A program that is over already needs none."""
    if memory and hasattr(resource, "prlimit"):
        with contextlib.suppress(ProcessLookupError):
            most = resource.prlimit(pid, resource.RLIMIT_DATA)[1]
            soft = memory if most == resource.RLIM_INFINITY else min(memory, most)
            resource.prlimit(pid, resource.RLIMIT_DATA, (soft, most))


def _ended(pid: int) -> int:
    """The return code of a command. What it has left behind comes to this process, and is reaped on the way."""
    while True:
        gone, status = os.waitpid(-1, 0)
        if gone == pid:
            return os.waitstatus_to_exitcode(status)
