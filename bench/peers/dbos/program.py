"""DBOS on SQLite: a durable workflow whose tasks are steps (chain), or workflows of a queue where they are parallel."""

from __future__ import annotations

import math
import sys
import time

from dbos import DBOS

QUEUE = "noop"


@DBOS.step()
def noop(x: int) -> int:
    return x + 1


@DBOS.workflow()
def one(x: int) -> int:
    return noop(x)


@DBOS.workflow()
def fan(width: int) -> int:
    handles = [DBOS.enqueue_workflow(QUEUE, one, i) for i in range(width)]
    return len([handle.get_result() for handle in handles])


@DBOS.workflow()
def chain(length: int) -> int:
    x = 0
    for _ in range(length):
        x = noop(x)
    return x


@DBOS.workflow()
def layered(layers: int, width: int) -> int:
    done = 0
    for _ in range(layers):
        handles = [DBOS.enqueue_workflow(QUEUE, one, i) for i in range(width)]
        done += len([handle.get_result() for handle in handles])
    return done


if __name__ == "__main__":
    DBOS(
        config={
            "name": "bench",
            "system_database_url": "sqlite:///dbos.sqlite",
            "log_level": "ERROR",
            "run_admin_server": False,
        }
    )
    DBOS.launch()
    DBOS.register_queue(QUEUE, concurrency=50, polling_interval_sec=0.01)
    shape = {"fan": fan, "chain": chain, "layered": layered}[sys.argv[1]]
    sizes = [int(size) for size in sys.argv[2:]]
    begun = time.perf_counter()
    assert shape(*sizes) == math.prod(sizes)
    print(time.perf_counter() - begun)
    DBOS.destroy()
