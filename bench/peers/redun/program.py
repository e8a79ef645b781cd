"""redun on SQLite: a task per task, lazily combined."""

from __future__ import annotations

import logging
import sys
import time

from redun import Scheduler, task
from redun.config import Config

redun_namespace = "bench"


@task(executor="default")
def noop(x: int) -> int:
    return x + 1


@task()
def fan(width: int) -> list[int]:
    return [noop(i) for i in range(width)]


@task()
def chain(length: int) -> int:
    x = 0
    for _ in range(length):
        x = noop(x)
    return x


@task()
def more(layers: int, width: int, before: list[int]) -> list[int]:
    here = [noop(sum(before) + i) for i in range(width)]
    return more(layers - 1, width, here) if layers > 1 else here


@task()
def layered(layers: int, width: int) -> list[int]:
    return more(layers, width, [0])


if __name__ == "__main__":
    sys.setrecursionlimit(100_000)
    logging.disable(logging.CRITICAL)
    scheduler = Scheduler(config=Config({"backend": {"db_uri": "sqlite:///redun.db"}}))
    scheduler.load()
    shape = {"fan": fan, "chain": chain, "layered": layered}[sys.argv[1]]
    sizes = [int(size) for size in sys.argv[2:]]
    begun = time.perf_counter()
    scheduler.run(shape(*sizes))
    print(time.perf_counter() - begun)
