"""HyperQueue: one real process per task on a local cluster; compare with shell tasks."""

from __future__ import annotations

import sys
import time

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig


def fan(job: Job, width: int) -> None:
    for _ in range(width):
        job.program(["true"])


def chain(job: Job, length: int) -> None:
    last = []
    for _ in range(length):
        last = [job.program(["true"], deps=last)]


def layered(job: Job, layers: int, width: int) -> None:
    last = []
    for _ in range(layers):
        last = [job.program(["true"], deps=last) for _ in range(width)]


if __name__ == "__main__":
    with LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=2))
        job = Job()
        {"fan": fan, "chain": chain, "layered": layered}[sys.argv[1]](job, *[int(size) for size in sys.argv[2:]])
        client = cluster.client()
        begun = time.perf_counter()
        client.wait_for_jobs([client.submit(job)])
        print(time.perf_counter() - begun)
