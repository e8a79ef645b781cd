"""Prefect: a flow that submits tasks to its thread pool, at a local server on SQLite ($PREFECT_API_URL)."""

from __future__ import annotations

import sys
import time

from prefect import flow, task
from prefect.futures import wait
from prefect.task_runners import ThreadPoolTaskRunner

POOL = ThreadPoolTaskRunner(max_workers=16)


@task
def noop(x: int) -> int:
    return x + 1


@flow(task_runner=POOL)
def fan(width: int) -> None:
    wait([noop.submit(i) for i in range(width)])


@flow(task_runner=POOL)
def chain(length: int) -> int:
    x = 0
    for _ in range(length):
        x = noop(x)
    return x


@flow(task_runner=POOL)
def layered(layers: int, width: int) -> None:
    for _ in range(layers):
        wait([noop.submit(i) for i in range(width)])


if __name__ == "__main__":
    shape = {"fan": fan, "chain": chain, "layered": layered}[sys.argv[1]]
    sizes = [int(size) for size in sys.argv[2:]]
    begun = time.perf_counter()
    shape(*sizes)
    print(time.perf_counter() - begun)
