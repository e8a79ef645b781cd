"""Airflow: a Dag of Python tasks, run by `dag.test()` in one process, its records in SQLite below $AIRFLOW_HOME.

That is the quickest way there is: it has no scheduler that polls and no process per task, as a deployment has.
"""

from __future__ import annotations

import sys
import time

from airflow.sdk import DAG, task


@task
def noop(x: int) -> int:
    return x + 1


@task
def after() -> int:
    return 1


@task
def numbers(width: int) -> list[int]:
    return list(range(width))


def fan(width: int) -> None:
    noop.expand(x=numbers(width))


def chain(length: int) -> None:
    x = noop(0)
    for _ in range(length - 1):
        x = noop(x)


def layered(layers: int, width: int) -> None:
    before = []
    for _ in range(layers):
        here = [after() for _ in range(width)]
        for each in here:
            before >> each
        before = here


with DAG("bench", schedule=None, catchup=False) as bench:
    {"fan": fan, "chain": chain, "layered": layered}[sys.argv[1]](*[int(size) for size in sys.argv[2:]])

with DAG("first", schedule=None, catchup=False) as first:
    noop(0)

if __name__ == "__main__":
    first.test()  # The first of a process also puts its API together, which takes seconds.
    begun = time.perf_counter()
    assert str(bench.test().state) == "success"
    print(time.perf_counter() - begun)
