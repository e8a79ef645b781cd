"""DBOS on SQLite: a durable workflow whose tasks are steps (chain), or workflows of a queue where they are parallel."""

from __future__ import annotations

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
def fan() -> int:
    handles = [DBOS.enqueue_workflow(QUEUE, one, i) for i in range(1000)]
    return len([handle.get_result() for handle in handles])


@DBOS.workflow()
def chain() -> int:
    x = 0
    for _ in range(300):
        x = noop(x)
    return x


@DBOS.workflow()
def layered() -> int:
    done = 0
    for _ in range(10):
        handles = [DBOS.enqueue_workflow(QUEUE, one, i) for i in range(50)]
        done += len([handle.get_result() for handle in handles])
    return done


SHAPES = {"fan-out 1000": (fan, 1000), "chain 300": (chain, 300), "layered 500": (layered, 500)}

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
    program, expected = SHAPES[sys.argv[1]]
    begun = time.perf_counter()
    assert program() == expected
    print(time.perf_counter() - begun)
    DBOS.destroy()
