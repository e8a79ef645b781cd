"""Checkpoints in a bucket with versions: a worker that saves on and on leaves two, whatever was written over."""

from __future__ import annotations

import pytest
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.s3_blobs import S3Blobs
from econda_adapters.aws.s3_links import S3Links
from econda_adapters.clock import now_ms
from econda_adapters.embedded.gateway_server import GatewayServer

from econda_cloud.gateway.assigning import Assigner
from econda_cloud.gateway.gateway import Gateway, Ports
from econda_cloud.gateway.tokens import Key, KeyRing, Tokens
from econda_cloud.ports.log import MemoryLog
from econda_cloud.ports.queue import MemoryQueue
from econda_cloud.wire.keys import checkpoint_key, checkpoint_slots, checkpoints_prefix
from econda_cloud.worker.data.checkpoints import Checkpoint
from econda_cloud.worker.gateway.blobs import GatewayBlobs
from econda_cloud.worker.gateway.session import begin
from tests.unit.gateway.standing import NamedSecrets, chunk_of

pytestmark = pytest.mark.emulator
KEY = checkpoint_key("n", "r", "p/a")
SIZE = 40_000


@pytest.fixture
def clients(local_cloud):
    made = Clients(local_cloud.environment())
    yield made
    made.close()


@pytest.fixture
def bucket(clients, name):
    clients("s3").create_bucket(Bucket=name)
    clients("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture
def blobs(clients, bucket):
    """Those of a worker that has claimed a chunk, with a gateway in front of the bucket as its only way to it."""
    store, ring = S3Blobs(bucket, clients), KeyRing((Key(id="k", secret=b"1" * 32),))
    tokens = Tokens(lambda: ring)
    ports = Ports(MemoryLog(), store, MemoryQueue(), S3Links(bucket, clients), NamedSecrets, now_ms)
    with GatewayServer(Gateway(ports, tokens)) as server:
        assigner = Assigner(server.address, tokens, store)
        assignment = assigner.assign(chunk_of(checkpoint_ms=1_000), now_ms(), inline=True)
        with begin(assignment, "me", "job", None, look=False) as session:
            yield GatewayBlobs(session.client, session.chunk)


def kept(clients, bucket) -> list[tuple[str, int]]:
    """All that the bucket has of checkpoints, in all versions: keys and sizes of what is large."""
    answer = clients("s3").list_object_versions(Bucket=bucket, Prefix=checkpoints_prefix("n", "r"))
    return sorted((each["Key"], each["Size"]) for each in answer["Versions"] if each["Size"] >= SIZE)


def test_the_newest_two_are_kept_in_all_versions(blobs, clients, bucket, tmp_path):
    with Checkpoint(blobs, KEY, tmp_path / "dir", None, tmp_path / "log") as checkpoint:
        for step in range(5):
            (checkpoint.directory / "state").write_bytes(b"%d" % step * SIZE)
            checkpoint.save()
            found = kept(clients, bucket)
            assert [key for key, _ in found] == sorted(checkpoint_slots(KEY))[: step + 1]
    with Checkpoint(blobs, KEY, tmp_path / "again", None, tmp_path / "log") as checkpoint:
        assert (checkpoint.directory / "state").read_bytes() == b"4" * SIZE
