"""Tasks per second of a peer, of econda and of the floors below them, each the best of so many runs."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from bench.peers.catalogue import PROGRAMS, Peer
from bench.peers.environments import CannotBeHad, last_line, python_of
from bench.peers.servers import Variables, stop
from bench.shapes import SHAPES, floor_rate, plan_of, run_seconds, shell

HERE = Path(__file__).parent
TIMES = 2
LONG_SECONDS = 20
"""A run of a peer that took so long is not repeated: it is long enough to be believed."""
RUN_SECONDS = 120
"""No run of a peer takes longer."""
IN_MEMORY = Path("/dev/shm")
Rates = dict[str, float]


def keep_folders_in_memory() -> Path:
    """Where every row keeps its data: in memory, unless $TMPDIR says where. Ours and some peers do not wait for the disk
    at a commit (WAL with synchronous = normal) and others do; on a slow disk that would be all that is measured."""
    if "TMPDIR" not in os.environ and os.access(IN_MEMORY, os.W_OK):
        tempfile.tempdir = str(IN_MEMORY)
        os.environ["TMPDIR"] = tempfile.tempdir
    return Path(tempfile.gettempdir())


def of_peer(peer: Peer) -> Rates:
    """By shape, each with a server of its own where it needs one: what is left of one shape's work would slow the next.

    Raises CannotBeHad with the reason.
    """
    python, found = python_of(peer.folder), Rates()
    for shape in SHAPES:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, peer.server(Path(folder)) as variables:
            seconds = _best_seconds(python, peer, shape, dict(peer.variables) | variables)
        found[shape] = peer.tasks(shape) / seconds
    return found


def of_econda() -> Rates:
    return _best(lambda shape: _own_rate(*SHAPES[shape]))


def of_econda_processes() -> Rates:
    return _best(lambda shape: _own_rate(SHAPES[shape][0], shell(SHAPES[shape][1])))


def of_sqlite() -> Rates:
    return _best(_commit_rate)


def of_process_start() -> Rates:
    """Starts of `true` and waits for its end: two at a time, and in a chain one."""
    return _best(_start_rate)


def _best_seconds(python: Path, peer: Peer, shape: str, variables: Variables) -> float:
    best = float("inf")
    for _ in range(TIMES):
        best = min(best, _run_seconds(python, peer, shape, variables))
        if best > LONG_SECONDS:
            break
    return best


def _run_seconds(python: Path, peer: Peer, shape: str, variables: Variables) -> float:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        # A peer finds no settings of the user below HOME, and what it leaves in TMPDIR goes with the folder.
        env = os.environ | {"HOME": folder, "TMPDIR": folder, "DO_NOT_TRACK": "1"} | variables
        command = [str(python), str(HERE / peer.folder / "program.py"), PROGRAMS[shape]]
        command += [str(size) for size in peer.sizes_of(shape)]
        with (Path(folder) / "words.txt").open("w+") as words:
            run = subprocess.Popen(
                command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=words, start_new_session=True
            )
            try:
                said, _ = run.communicate(timeout=RUN_SECONDS)
            except subprocess.TimeoutExpired as error:
                raise CannotBeHad(f"{shape} took more than {RUN_SECONDS} s") from error
            finally:
                stop(run)
            if run.returncode != 0:
                words.seek(0)
                raise CannotBeHad(f"{shape}: {last_line(words.read())}")
    return float(said.split()[-1])


def _own_rate(tasks: int, source: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return tasks / run_seconds(Path(folder), plan_of(source), tasks)


def _commit_rate(shape: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return floor_rate(Path(folder), SHAPES[shape][0])


def _start_rate(shape: str) -> float:
    tasks, at_once = SHAPES[shape][0], 1 if PROGRAMS[shape] == "chain" else 2
    begun, started = time.perf_counter(), deque[int]()
    for _ in range(tasks):
        if len(started) == at_once:
            os.waitpid(started.popleft(), 0)
        started.append(os.posix_spawnp("true", ["true"], os.environ))
    while started:
        os.waitpid(started.popleft(), 0)
    return tasks / (time.perf_counter() - begun)


def _best(rate: Callable[[str], float]) -> Rates:
    return {shape: max(rate(shape) for _ in range(TIMES)) for shape in SHAPES}
