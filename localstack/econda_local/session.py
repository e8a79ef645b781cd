"""The processes of one attempt, or one emulator: all those in the session its first process leads."""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from collections.abc import Iterable

import psutil


def members(leader: int) -> list[int]:
    """Ids of the living processes in the session led by `leader`."""
    return _by_session([leader])[leader]


def resident(leaders: Iterable[int]) -> dict[int, int]:
    """Bytes of resident memory per session, in one pass over all processes."""
    return {leader: sum(map(_rss, pids)) for leader, pids in _by_session(leaders).items()}


def kill(leader: int) -> None:
    """SIGKILL every process of the session; repeated until none is left, since a process may be forking."""
    for _ in range(20):
        pids = members(leader)
        if not pids:
            return
        for pid in pids:
            _signalled(pid, signal.SIGKILL)


def _by_session(leaders: Iterable[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list, {leader: [] for leader in leaders})
    wanted = set(found)
    for pid in psutil.pids():
        try:
            leader = os.getsid(pid)
            if leader in wanted and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found[leader].append(pid)
        except (ProcessLookupError, PermissionError, psutil.Error):
            continue
    return found


def _rss(pid: int) -> int:
    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return 0


def _signalled(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return
