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
def fan() -> list[int]:
    return [noop(i) for i in range(1000)]


@task()
def chain() -> int:
    x = 0
    for _ in range(300):
        x = noop(x)
    return x


@task()
def more(layer: int, before: list[int]) -> list[int]:
    here = [noop(sum(before) + i) for i in range(50)]
    return more(layer - 1, here) if layer > 1 else here


@task()
def layered() -> list[int]:
    return more(10, [0])


SHAPES = {"fan-out 1000": fan, "chain 300": chain, "layered 500": layered}

if __name__ == "__main__":
    sys.setrecursionlimit(100_000)
    logging.disable(logging.CRITICAL)
    scheduler = Scheduler(config=Config({"backend": {"db_uri": "sqlite:///redun.db"}}))
    scheduler.load()
    begun = time.perf_counter()
    scheduler.run(SHAPES[sys.argv[1]]())
    print(time.perf_counter() - begun)
