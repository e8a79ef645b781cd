"""The index of runs on DynamoDB: items beside the log's, in a partition for each namespace, sorted by position.

To write one costs one write of a run; to list a page costs one query for each namespace. Which namespaces there are is
told by the folders that their runs have in the bucket: to note them as well would cost another write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from econda_adapters.aws.dynamodb_log import DAY_S, EXPIRES
from econda_cloud.ports.run_index import IndexedRun
from econda_cloud.wire.keys import RUNS

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients

FIRST_AFTER = 10**37
"""A position that no run has, and still a number of DynamoDB's."""


class DynamoRunIndex:
    """`days` after a run has begun it is listed no more, for its files are gone then; 0 for never.

    Raises botocore's `ClientError`. Never run against the real service yet.
    """

    def __init__(self, table: str, bucket: str, clients: Clients, days: int = 0) -> None:
        self._table, self._bucket, self._clients, self._days = table, bucket, clients, days

    @property
    def _client(self) -> Any:
        return self._clients("dynamodb")

    def add(self, run: IndexedRun) -> None:
        item = {
            "log": {"S": _partition(run.namespace)},
            "seq": {"N": str(run.position)},
            "run": {"S": run.run},
            "started_ms": {"N": str(run.started_ms)},
        }
        if self._days:
            item[EXPIRES] = {"N": str(run.started_ms // 1000 + self._days * DAY_S)}
        self._client.put_item(TableName=self._table, Item=item)

    def namespaces(self) -> list[str]:
        pages = self._clients("s3").get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=RUNS, Delimiter="/"
        )  # fmt: skip
        folders = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
        return sorted(folder.removeprefix(RUNS).removesuffix("/") for folder in folders)

    def newest(self, namespace: str, limit: int, before: int | None = None) -> list[IndexedRun]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="#log = :log and seq < :before",
            ProjectionExpression="#run, started_ms",
            ExpressionAttributeNames={"#log": "log", "#run": "run"},
            ExpressionAttributeValues={
                ":log": {"S": _partition(namespace)},
                ":before": {"N": str(FIRST_AFTER if before is None else before)},
            },
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
            PaginationConfig={"MaxItems": limit},
        )
        return [
            IndexedRun(namespace, item["run"]["S"], int(item["started_ms"]["N"]))
            for page in pages
            for item in page["Items"]
        ]


def _partition(namespace: str) -> str:
    return f"runs/{namespace}"
