"""A store of blobs in a directory, and a way to run one task's chunk."""

import time

import pytest
from econda_adapters.embedded.directory_blobs import DirectoryBlobs
from econda_edsl.plan import Inline

from econda_cloud.wire.chunk import Chunk, WorkItem, WorkTask, decode_chunk, encode_chunk
from econda_cloud.worker.processes.host_pool import HostPool
from econda_cloud.worker.run_chunk import run_chunk


@pytest.fixture
def blobs(tmp_path):
    return DirectoryBlobs(tmp_path / "blobs")


@pytest.fixture
def go(tmp_path, blobs):
    """Run one task over the given arguments."""
    with HostPool() as hosts:
        hosts.prepare()

        def run(body, *args, inputs=None, outputs=None, bundle=None, archive=None, argv=(), attempt=1, scratch="s",
                cancelled=None, deadline_ms=None, **settings):  # fmt: skip
            code = Inline(language="python", body=body) if isinstance(body, str) else body
            task = WorkTask(name="t", run=code, inputs=inputs or {}, outputs=outputs or {}, **settings)
            items = tuple(
                WorkItem(instance=f"t[{i}]", attempt=attempt, args=a, argv=argv) for i, a in enumerate(args or ({},))
            )
            chunk = Chunk(id="c", run="r", namespace="n", task=task, items=items, bundle=bundle, archive=archive)
            assert decode_chunk(encode_chunk(chunk)) == chunk
            more = {"cancelled": cancelled} if cancelled else {}
            return list(run_chunk(chunk, blobs=blobs, scratch=tmp_path / scratch, hosts=hosts, deadline_ms=deadline_ms,
                                  clock=lambda: time.time_ns() // 1_000_000, **more))  # fmt: skip

        yield run
