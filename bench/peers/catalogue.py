"""The peers, the group that each is in, and what each is given to run."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bench.peers import servers

Sizes = tuple[int, ...]
"""How many tasks, one after the other or beside each other; or how many layers of how many."""

FULL: dict[str, Sizes] = {"fan-out 1000": (1000,), "chain 300": (300,), "layered 500": (10, 50)}
FIFTH: dict[str, Sizes] = {"fan-out 1000": (200,), "chain 300": (60,), "layered 500": (5, 20)}
TENTH: dict[str, Sizes] = {"fan-out 1000": (100,), "chain 300": (30,), "layered 500": (5, 10)}
SOME: dict[str, Sizes] = {"fan-out 1000": (50,), "chain 300": (20,), "layered 500": (5, 8)}
FEW: dict[str, Sizes] = {"fan-out 1000": (20,), "chain 300": (12,), "layered 500": (2, 8)}
PROGRAMS = {"fan-out 1000": "fan", "chain 300": "chain", "layered 500": "layered"}
"""By the names of `bench.shapes`: the first word that a peer's program is given. Its sizes follow."""


@dataclass(frozen=True)
class Peer:
    name: str
    folder: str
    how: str
    a_process_per_task: bool = False
    sizes: dict[str, Sizes] | None = None
    """None: the full ones."""
    server: Callable[[Path], AbstractContextManager[servers.Variables]] = servers.no_server
    variables: tuple[tuple[str, str], ...] = ()

    def sizes_of(self, shape: str) -> Sizes:
        return (self.sizes or FULL)[shape]

    def is_whole(self, shape: str) -> bool:
        return self.sizes_of(shape) == FULL[shape]

    def tasks(self, shape: str) -> int:
        return math.prod(self.sizes_of(shape))


PEERS = [
    Peer("Restate", "restate", "one node, `ctx.run` in one service", server=servers.restate),
    Peer("Luigi", "luigi", "local scheduler, one worker, files as targets"),
    Peer("DBOS", "dbos", "SQLite, steps and a queue"),
    Peer("redun", "redun", "SQLite, threads"),
    Peer("Prefect", "prefect", "local server on SQLite, thread pool", sizes=FIFTH, server=servers.prefect),
    Peer("Temporal", "temporal", "dev server on a SQLite file, one worker", server=servers.temporal),
    Peer("Dagster", "dagster", "in-process executor, SQLite", sizes=FIFTH, server=servers.dagster),
    Peer("Airflow", "airflow", "`dag.test()` on SQLite", sizes=SOME, server=servers.airflow),
    Peer("HyperQueue", "hyperqueue", "server and one worker of two cores", a_process_per_task=True),
    Peer("Snakemake", "snakemake", "two cores, shell rules, touched files", a_process_per_task=True, sizes=TENTH),
    Peer(
        "Metaflow",
        "metaflow",
        "local runtime, two workers",
        a_process_per_task=True,
        sizes=FEW,
        variables=(("USERNAME", "bench"),),
    ),
]
