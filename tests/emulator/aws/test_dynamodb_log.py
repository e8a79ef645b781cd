"""The conformance of logs, on DynamoDB's wire protocol."""

from __future__ import annotations

import time
import uuid

import pytest
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.dynamodb_log import DynamoLog, RecordTooLarge

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import Conflict
from tests.conformance.test_log import (  # noqa: F401
    test_any_bytes_come_back,
    test_large_records_come_back_whole,
    test_names_by_prefix,
    test_reads_back_in_order,
    test_second_writer_conflicts_and_may_be_told_with_what,
)

pytestmark = pytest.mark.emulator


@pytest.fixture
def log(local_cloud):
    clients = Clients(local_cloud.environment())
    client = clients("dynamodb")
    table = f"log-{uuid.uuid4().hex}"
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "log", "KeyType": "HASH"}, {"AttributeName": "seq", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "log", "AttributeType": "S"},
            {"AttributeName": "seq", "AttributeType": "N"},
        ],
    )
    yield DynamoLog(table, clients)
    client.delete_table(TableName=table)
    clients.close()


def test_claims_and_cancellations_have_a_time_to_go_and_logs_of_runs_none(log):
    before = int(time.time())
    for name in ("run/a", "ledger/t", "claim/a.1", "claim/a.1/3", "cancel/a.1"):
        log.append(name, 0, b"{}")
    items = log._clients("dynamodb").scan(TableName=log._table)["Items"]
    expires = {item["log"]["S"]: int(item["expires"]["N"]) for item in items if "expires" in item}
    assert set(expires) == {"claim/a.1", "claim/a.1/3", "cancel/a.1"}
    assert all(before + 90 * 86_400 <= each <= time.time() + 90 * 86_400 for each in expires.values())
    assert log.read("claim/a.1") == [b"{}"]


def test_a_record_that_fits_no_item_comes_back_from_the_overflow(log):
    import random

    overflow = MemoryBlobs()
    roomy = DynamoLog(log._table, log._clients, overflow)
    noise = random.Random(2).randbytes(3_000_000)
    roomy.append("run/large", 0, b"first")
    roomy.append("run/large", 1, noise)
    roomy.append("run/large", 2, b"third")
    assert roomy.read("run/large") == [b"first", noise, b"third"]
    with pytest.raises(Conflict):
        roomy.append("run/large", 1, noise + b"!")
    assert roomy.read("run/large", after=1) == [noise, b"third"]


def test_a_record_that_cannot_fit_is_refused_before_the_wire(log):
    import random

    noise = random.Random(1).randbytes(400_000)
    with pytest.raises(RecordTooLarge, match="at most"):
        log.append("run/a", 0, noise)
    assert log.read("run/a") == []
