"""The conformance of indices of runs, on DynamoDB's wire protocol."""

from __future__ import annotations

import uuid

import pytest
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.dynamodb_run_index import DynamoRunIndex

from econda_cloud.ports.run_index import IndexedRun
from econda_cloud.wire.keys import plan_key
from tests.conformance.test_run_index import (  # noqa: F401
    test_a_page_goes_on_where_the_last_one_ended,
    test_namespaces_are_merged_lazily,
    test_runs_come_newest_first_and_namespaces_apart,
    test_runs_of_one_millisecond_are_all_there_once,
    test_the_same_run_twice_is_one,
)

pytestmark = pytest.mark.emulator


@pytest.fixture
def clients(local_cloud):
    clients = Clients(local_cloud.environment())
    yield clients
    clients.close()


@pytest.fixture
def index(clients):
    name = f"runs-{uuid.uuid4().hex}"
    clients("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "log", "KeyType": "HASH"}, {"AttributeName": "seq", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "log", "AttributeType": "S"},
            {"AttributeName": "seq", "AttributeType": "N"},
        ],
    )
    clients("s3").create_bucket(Bucket=name)
    yield DynamoRunIndex(name, name, clients)
    clients("dynamodb").delete_table(TableName=name)


def test_a_run_is_listed_as_long_as_its_files_are_kept(index):
    run = IndexedRun("n", "a-1", 1_790_000_000_999)
    kept = DynamoRunIndex(index._table, index._bucket, index._clients, days=10)
    index.add(IndexedRun("n", "for-ever", 1_790_000_000_000))
    kept.add(run)
    items = {item["run"]["S"]: item for item in index._client.scan(TableName=index._table)["Items"]}
    assert "expires" not in items["for-ever"]
    assert items["a-1"]["expires"] == {"N": str(1_790_000_000 + 10 * 86_400)}
    assert index.newest("n", 1) == [run]


@pytest.fixture
def begin(index, clients):
    """Adds a run to the index, whose plan lies in the bucket before that."""

    def add(namespace: str, run: str, started_ms: int) -> IndexedRun:
        clients("s3").put_object(Bucket=index._bucket, Key=plan_key(namespace, run), Body=b"{}")
        made = IndexedRun(namespace, run, started_ms)
        index.add(made)
        return made

    return add
