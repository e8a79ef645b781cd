"""HyperQueue: one real process per task on a local cluster; compare with shell tasks."""

from __future__ import annotations

import sys
import time

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig


def fan(job: Job) -> None:
    for _ in range(1000):
        job.program(["true"])


def chain(job: Job) -> None:
    last = []
    for _ in range(300):
        last = [job.program(["true"], deps=last)]


def layered(job: Job) -> None:
    last = []
    for _ in range(10):
        last = [job.program(["true"], deps=last) for _ in range(50)]


SHAPES = {"fan-out 1000": fan, "chain 300": chain, "layered 500": layered}

if __name__ == "__main__":
    with LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=2))
        job = Job()
        SHAPES[sys.argv[1]](job)
        client = cluster.client()
        begun = time.perf_counter()
        client.wait_for_jobs([client.submit(job)])
        print(time.perf_counter() - begun)
