"""Temporal: a workflow whose tasks are activities, and one worker with its default slots, at the server $TEMPORAL_ADDRESS."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker


@activity.defn
async def noop(x: int) -> int:
    return x + 1


def started(x: int) -> workflow.ActivityHandle[int]:
    return workflow.start_activity(noop, x, start_to_close_timeout=timedelta(minutes=1))


@workflow.defn
class Bench:
    @workflow.run
    async def run(self, shape: str, sizes: list[int]) -> int:
        if shape == "chain":
            x = 0
            for _ in range(sizes[0]):
                x = await started(x)
            return x
        layers, width = sizes if shape == "layered" else (1, sizes[0])
        done = 0
        for _ in range(layers):
            done += len(await asyncio.gather(*[started(i) for i in range(width)]))
        return done


async def main(shape: str, sizes: list[int]) -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    async with Worker(client, task_queue="bench", workflows=[Bench], activities=[noop]):
        begun = time.perf_counter()
        await client.execute_workflow(Bench.run, args=[shape, sizes], id=f"{shape}-{os.getpid()}", task_queue="bench")
        print(time.perf_counter() - begun)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], [int(size) for size in sys.argv[2:]]))
    sys.stdout.flush()
    os._exit(0)  # One time in ten a thread of the SDK aborts an interpreter that ends otherwise.
