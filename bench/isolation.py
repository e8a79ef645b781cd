"""What it costs that attempts do not see each other: a start of an interpreter, beside it a fork, an attempt in a process that
others of its task share, and one in a process of its own. Medians of one run on this machine.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from econda_cloud.worker.processes.host_pool import HostPool, Sharing
from econda_cloud.worker.processes.limits import Limits

STARTS, ATTEMPTS = 15, 300


def median_ms(work: Callable[[], object], times: int) -> float:
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found.append((time.perf_counter() - begun) * 1000)
    return statistics.median(found)


def request(folder: Path) -> dict[str, Any]:
    """An attempt that does next to nothing."""
    return {
        "task": "t", "inputs": {"x": 1}, "outputs": ["y"], "env": {}, "cwd": str(folder), "log": str(folder / "log"), "memory": 0,
        "bundle": "", "body": "y = x + 1", "file": "", "line": 0, "path": "", "function": "", "operator": "", "connector": None,
        "state": None,
    }  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as name, HostPool() as hosts:
        hosts.prepare()
        wanted = request(Path(name))
        host = hosts.take(Sharing("n", "r", "t"))

        def attempt() -> None:
            assert "ok" in host.run(wanted, Limits()), "the attempt failed"

        def alone() -> None:
            attempt()
            host.close()

        def forked() -> None:
            host.start()
            host.close()

        attempt()
        rows = {"an attempt in a shared process": median_ms(attempt, ATTEMPTS)}
        host.close()
        rows["an attempt in a process of its own"] = median_ms(alone, ATTEMPTS)
        rows["a fork and its end"] = median_ms(forked, ATTEMPTS)
    start = median_ms(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), STARTS)
    print(f"{'':<38}{'ms':>8}{'of a start':>12}")
    for what, taken in {"a start of the interpreter": start, **rows}.items():
        print(f"{what:<38}{taken:>8.2f}{taken / start:>12.3f}")


if __name__ == "__main__":
    main()
