"""Restate: a service whose handler journals each task with `ctx.run`; parallel tasks are runs gathered together.

The server (one node, its own RocksDB log) is at $RESTATE_ADMIN and $RESTATE_INGRESS; this process serves the handlers.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
import urllib.request

import hypercorn.asyncio
import restate
from hypercorn.config import Config

service = restate.Service("bench")


def noop(x: int) -> int:
    return x + 1


@service.handler()
async def fan(ctx: restate.Context, sizes: list[int]) -> int:
    return len(await restate.gather(*[ctx.run_typed("noop", noop, x=i) for i in range(sizes[0])]))


@service.handler()
async def chain(ctx: restate.Context, sizes: list[int]) -> int:
    x = 0
    for _ in range(sizes[0]):
        x = await ctx.run_typed("noop", noop, x=x)
    return x


@service.handler()
async def layered(ctx: restate.Context, sizes: list[int]) -> int:
    done = 0
    for _ in range(sizes[0]):
        done += len(await restate.gather(*[ctx.run_typed("noop", noop, x=i) for i in range(sizes[1])]))
    return done


def call(address: str, body: object) -> object:
    request = urllib.request.Request(address, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


async def main(shape: str, sizes: list[int]) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.loglevel = "ERROR"
    over = asyncio.Event()
    serving = asyncio.create_task(hypercorn.asyncio.serve(restate.app([service]), config, shutdown_trigger=over.wait))
    here = f"http://127.0.0.1:{listener.getsockname()[1]}"
    await asyncio.to_thread(call, f"{os.environ['RESTATE_ADMIN']}/deployments", {"uri": here})
    begun = time.perf_counter()
    done = await asyncio.to_thread(call, f"{os.environ['RESTATE_INGRESS']}/bench/{shape}", sizes)
    print(time.perf_counter() - begun)
    over.set()
    await serving
    total = sizes[0] * sizes[1] if len(sizes) == 2 else sizes[0]
    assert done == total, done


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], [int(size) for size in sys.argv[2:]]))
