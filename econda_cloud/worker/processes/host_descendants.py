"""All that a process has started, and what that has started: found and signalled. Linux; elsewhere only its group."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """From now on this process is the parent of whatever below it has lost its own. Linux only."""
    if sys.platform == "linux":
        import ctypes  # Python has no other way to say it.

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children(pid: int) -> list[int]:
    """The processes that this one is the parent of, zombies too; none if it is gone."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except FileNotFoundError:
        if os.path.isdir("/proc/self") and not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
            return _looked_up(pid)
    except OSError:
        pass
    return found


def _looked_up(pid: int) -> list[int]:
    """The same where the kernel keeps no list: by the parent that each process names."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                if int(file.read().rpartition(b")")[2].split()[1]) == pid:
                    found.append(int(name))
    return found


def below(pid: int) -> list[int]:
    """All descendants, parents before their children."""
    found = children(pid)
    for each in found:
        found += children(each)
    return found


def send_to_all(pid: int, number: int) -> None:
    """Send a signal to a process and all below it. To end them, they are stopped first, so that none gets away."""
    if number == signal.SIGKILL:
        _send([pid, *below(pid)], signal.SIGSTOP)
    _send([pid, *below(pid)], number)
    if number == signal.SIGTERM:
        # What is stopped would not hear of it.
        _send([pid, *below(pid)], signal.SIGCONT)
    if sys.platform != "linux":
        with contextlib.suppress(OSError):
            os.killpg(pid, number)


def _send(pids: list[int], number: int) -> None:
    for each in pids:
        with contextlib.suppress(OSError):
            os.kill(each, number)


def end_below() -> bool:
    """End all that this process has started; whether any of it still ran."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    while left := children(os.getpid()):
        for each in left:
            send_to_all(each, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(each, 0)
    return True
