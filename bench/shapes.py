"""The workloads that all benchmarks share, and the SQLite floor they are held against."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from econda_adapters.embedded.runner import Home, run_plan
from econda_edsl.compiler.compile import compile_source
from econda_edsl.plan import Plan

from econda_cloud.wire.pools import Pool
from econda_cloud.worker.processes.host_pool import HostPool

NOOP = """edsl 1

task noop(x: Int) -> (y: Int):
    needs:
        time = 10ms
    run python:
        y = x + 1

"""


def fan(width: int) -> str:
    return (
        f"{NOOP}pipeline p() -> (n: Int):\n    f = foreach i in 1..{width}:\n        a = noop(i)\n        gather a.y\n"
        "    return n = len(f.done)\n"
    )


def writing(width: int) -> str:
    """A fan whose tasks print a line and return a file."""
    return f"""edsl 1

task note(x: Int) -> (y: Int, f: File):
    needs:
        time = 10ms
    run python:
        print("squaring", x)
        with open("out.txt", "w") as out:
            out.write(str(x * x))
        y = x + 1
        f = "out.txt"

pipeline p() -> (n: Int):
    f = foreach i in 1..{width}:
        a = note(i)
        gather a.y
    return n = len(f.done)
"""


def chain(length: int) -> str:
    return (
        f"{NOOP}pipeline p() -> (n: Int):\n    repeat up to {length}:\n        carry n: Int = 0\n        a = noop(n)\n"
        f"        next n = a.y\n    until n >= {length}\n    return n = n\n"
    )


def layered(layers: int, width: int) -> str:
    return (
        f"{NOOP}pipeline p() -> (n: Int):\n    repeat up to {layers}:\n        carry n: Int = 0\n"
        f"        f = foreach i in 1..{width}:\n            a = noop(i + n)\n            gather a.y\n"
        f"        next n = n + len(f.done)\n    until n >= {layers * width}\n    return n = n\n"
    )


def shell(source: str) -> str:
    """The same program with a process per task."""
    return source.replace(
        "    run python:\n        y = x + 1\n", '    run shell:\n        echo $((x + 1)) > "$OUT/y"\n'
    )


SHAPES = {"fan-out 1000": (1000, fan(1000)), "chain 300": (300, chain(300)), "layered 500": (500, layered(10, 50))}
"""By name: how many tasks, and the program."""


def plan_of(source: str) -> Plan:
    compiled = compile_source(source)
    assert compiled.plan is not None, compiled.render()
    return compiled.plan


def run_seconds(
    folder: Path,
    plan: Plan,
    tasks: int,
    params: dict[str, Any] | None = None,
    machine: Pool | None = None,
    hosts: HostPool | None = None,
) -> float:
    """How long `econda run` takes for a plan of so many tasks, all of which must succeed, in an empty folder."""
    begun = time.perf_counter()
    state = run_plan(Home(folder), plan, params or {}, machine=machine, hosts=hosts)
    seconds = time.perf_counter() - begun
    assert state.counts.succeeded == tasks, state.outcome
    return seconds


def floor_rate(folder: Path, tasks: int) -> float:
    """Tasks per second if a task were only two commits to SQLite, with the settings of the embedded log."""
    db = sqlite3.connect(folder / "floor.sqlite", isolation_level=None)
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = normal")
    db.execute("create table log (seq integer primary key, record blob)")
    start = time.perf_counter()
    for _ in range(2 * tasks):
        db.execute("insert into log (record) values (?)", (b"x" * 200,))
    rate = tasks / (time.perf_counter() - start)
    db.close()
    return rate
