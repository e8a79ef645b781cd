"""econda beside its peers: `python -m bench.peers`, one table of tasks per second, all measured in this run.

Each peer has an environment of its own, installed from hashed pins and kept in $ECONDA_CACHE; each runs its own
idiomatic program. A peer that cannot be installed is left out with the reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from econda_adapters.embedded.runner import Home, run_plan
from uv import find_uv_bin

from bench.shapes import SHAPES, floor_rate, plan_of, shell

HERE = Path(__file__).parent
PEERS = {"Luigi": "luigi", "DBOS": "dbos", "redun": "redun", "HyperQueue (processes)": "hyperqueue"}
TIMES = 2
"""Each number is the best of so many runs."""


def environment(peer: str) -> Path:
    """The peer's Python. Raises `subprocess.CalledProcessError` with uv's words."""
    cache = Path(os.environ.get("ECONDA_CACHE") or Path.home() / ".cache" / "econda") / "peers" / peer
    pins = HERE / f"{peer}.txt"
    stamp = cache / "pins.txt"
    if not stamp.exists() or stamp.read_bytes() != pins.read_bytes():
        uv = [find_uv_bin()]
        subprocess.run([*uv, "venv", "-q", "--clear", "--python", sys.executable, str(cache)], check=True)
        install = [
            "pip",
            "install",
            "-q",
            "--python",
            str(cache / "bin" / "python"),
            "--require-hashes",
            "-r",
            str(pins),
        ]
        subprocess.run([*uv, *install], check=True, capture_output=True, text=True)
        stamp.write_bytes(pins.read_bytes())
    return cache / "bin" / "python"


def peer_rate(python: Path, peer: str, shape: str, tasks: int) -> float:
    best = float("inf")
    for _ in range(TIMES):
        with tempfile.TemporaryDirectory() as folder:
            command = [str(python), str(HERE / f"{peer}_program.py"), shape]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=300)
            best = min(best, float(done.stdout.split()[-1]))
    return tasks / best


def own_rate(source: str, tasks: int) -> float:
    plan, best = plan_of(source), float("inf")
    for _ in range(TIMES):
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            state = run_plan(Home(Path(folder)), plan, {})
            best = min(best, time.perf_counter() - begun)
            assert state.counts.succeeded == tasks, state.outcome
    return tasks / best


def floor(tasks: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return floor_rate(Path(folder), tasks)


def main() -> None:
    print(f"{'tasks/s':<26}" + "".join(f"{name:>16}" for name in SHAPES))
    _row("SQLite floor", [floor(tasks) for tasks, _ in SHAPES.values()])
    _row("econda run (python)", [own_rate(source, tasks) for tasks, source in SHAPES.values()])
    _row("econda run (processes)", [own_rate(shell(source), tasks) for tasks, source in SHAPES.values()])
    for name, peer in PEERS.items():
        try:
            python = environment(peer)
            _row(name, [peer_rate(python, peer, shape, tasks) for shape, (tasks, _) in SHAPES.items()])
        except (subprocess.SubprocessError, OSError) as error:
            words = getattr(error, "stderr", "") or str(error)
            print(f"{name:<26}left out: {str(words).strip().splitlines()[-1][:120]}")


def _row(name: str, rates: list[float]) -> None:
    print(f"{name:<26}" + "".join(f"{rate:>16,.0f}" for rate in rates), flush=True)


if __name__ == "__main__":
    main()
