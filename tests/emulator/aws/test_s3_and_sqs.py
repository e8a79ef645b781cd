"""The conformance of blob stores and queues, on the wire protocols of S3 and SQS."""

from __future__ import annotations

from datetime import timedelta

import pytest
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.s3_blobs import S3Blobs
from econda_adapters.aws.sqs_queue import SqsQueue

from tests.conformance.test_blobs import (  # noqa: F401
    test_a_conditional_write_loses_to_any_other_write,
    test_a_copy_has_the_same_bytes,
    test_a_missing_blob_is_a_key_error,
    test_a_part_is_read_as_a_blob_of_its_own,
    test_deleting_twice_is_no_error,
    test_files_go_in_and_out,
    test_only_what_tasks_make_has_parts,
    test_what_is_purged_is_gone_and_only_that,
    test_what_is_renewed_is_as_it_was,
    test_what_was_put_comes_back,
)
from tests.conformance.test_queue import (  # noqa: F401
    test_a_delayed_message_is_not_there_at_once,
    test_attributes_come_along,
    test_large_messages_are_parted_into_batches_that_fit,
    test_more_than_one_batch_arrives_whole,
    test_what_is_not_deleted_comes_again,
)

pytestmark = pytest.mark.emulator


@pytest.fixture
def clients(local_cloud):
    made = Clients(local_cloud.environment())
    yield made
    made.close()


@pytest.fixture
def blobs(clients, name):
    clients("s3").create_bucket(Bucket=name)
    return S3Blobs(name, clients)


def test_what_is_old_is_written_again_by_renewing_it(blobs, clients, name, monkeypatch):
    clients("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    def versions() -> int:
        return len(clients("s3").list_object_versions(Bucket=name, Prefix="k")["Versions"])

    blobs.put("k", b"1")
    assert blobs.renew("k")
    assert versions() == 1
    monkeypatch.setattr("econda_adapters.aws.s3_blobs.RENEWED_AFTER", timedelta(seconds=-5))
    assert blobs.renew("k")
    assert versions() == 2
    assert blobs.get("k") == b"1"


@pytest.fixture
def queue(clients, name):
    return SqsQueue(clients("sqs").create_queue(QueueName=name)["QueueUrl"], clients)
