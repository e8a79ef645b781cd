"""What a worker is told, when a chunk is handed over twice."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from econda_adapters.aws.assignment import assign, assigned_chunk
from econda_adapters.aws.batch_pool import BatchPool
from econda_adapters.aws.effects import AwsEffects
from econda_adapters.aws.stack import QueueTarget, Stack, TeamPools
from econda_edsl.plan import Inline

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.wire.chunk import Chunk, WorkItem, WorkTask
from econda_cloud.wire.commands import Dispatch
from econda_cloud.wire.events import ChunkLost

TASK = WorkTask(name="t", run=Inline(language="python", body="y = 1"))
WHOLE = Chunk(id="r.1", run="r", namespace="n", task=TASK,
              items=tuple(WorkItem(instance=f"p/f[{n}]/a", attempt=1) for n in range(4)))  # fmt: skip
LATER = msgspec.structs.replace(WHOLE, items=WHOLE.items[2:])


class Batch:
    def __init__(self) -> None:
        self.sizes: list[Any] = []

    def submit_job(self, **request: Any) -> dict[str, str]:
        self.sizes.append(request.get("arrayProperties"))
        return {"jobId": f"job-{len(self.sizes)}"}


def test_members_of_an_array_keep_their_numbers_when_it_is_submitted_again():
    blobs, batch = MemoryBlobs(), Batch()
    pool = BatchPool(lambda _: batch, blobs)  # type: ignore[arg-type]
    dispatch = Dispatch(chunk="r.1", pool="aws.batch", offer="spot", spot=True, items=(), cpu_milli=1, memory=1)
    for chunk in (WHOLE, LATER):
        pool.submit([(dispatch, chunk, QueueTarget(queue="q", definition="d"))])
    assert batch.sizes == [{"size": 4}, {"size": 4}]
    assert assigned_chunk(assign(LATER, blobs, inline=False), blobs) == WHOLE


def test_a_chunk_placed_on_an_offer_that_is_gone_is_lost_at_once(monkeypatch):
    monkeypatch.setattr("econda_adapters.aws.effects.ready_chunks", lambda *_: ([(dispatch, WHOLE)], []))
    dispatch = Dispatch(chunk="r.1", pool="aws.batch", offer="spot", spot=True, items=())
    stack = Stack(**dict.fromkeys(Stack.__struct_fields__, ""))
    effects = AwsEffects(stack, pytest.fail, TeamPools(pools=(), targets={}), MemoryLog(), MemoryBlobs())  # type: ignore[arg-type]
    [lost] = effects.dispatch(None, None, [dispatch])  # type: ignore[arg-type]
    assert isinstance(lost, ChunkLost)
    assert (lost.chunk, lost.failure) == ("r.1", "lost")
