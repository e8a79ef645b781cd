"""The log on DynamoDB: one item per record, partitioned by log name, sorted by sequence number.

Table: partition key `log` (S), sort key `seq` (N), on demand. A partition takes 1,000 writes a second, far above
what one run appends, and one append is one write of its size. Never run against the real service yet; tested
against an emulator of its wire protocol.
"""

from __future__ import annotations

import base64
import hashlib
import time
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Conflict, check_whole

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients

PLAIN_MAX = 4_096
"""JSON objects up to this many bytes are kept as readable text; longer ones compressed, in base64."""

ITEM_MAX = 390_000
"""Characters of a packed record that fit DynamoDB's 400 KB item with its keys; larger ones go to the overflow."""


EXPIRING = ("claim/", "cancel/")
"""Logs that are of no use once their chunk is over. The table removes their items after the time in `EXPIRES`."""

EXPIRES = "expires"
"""The attribute by which the table removes an item: seconds since the epoch. Items without it stay."""

DAY_S = 86_400


class RecordTooLarge(ValueError):
    """A record does not fit a DynamoDB item even compressed, and there is no overflow for it."""


class DynamoLog:
    """A log in one table; `overflow` takes records that fit no item, `claims_days` pass before `EXPIRING` ones go. Raises botocore's `ClientError` for what is not a lost race (throttling is retried)."""

    def __init__(self, table: str, clients: Clients, overflow: BlobStore | None = None, claims_days: int = 90) -> None:
        self._table, self._clients, self._overflow, self._claims_s = table, clients, overflow, claims_days * DAY_S

    @property
    def _client(self) -> Any:
        return self._clients("dynamodb")

    def append(self, name: str, expected: int, record: bytes) -> int:
        item = {"log": name, "seq": expected + 1, **self._fitting(name, expected + 1, record)}
        if name.startswith(EXPIRING):
            item[EXPIRES] = int(time.time()) + self._claims_s
        put = {
            "TableName": self._table,
            "Item": _json_util().dumps(item, as_dict=True),
            "ConditionExpression": "attribute_not_exists(seq)",
            # Whose record has the number is told along: perhaps it is this one, of a put whose answer was lost.
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        # A caller knows `expected` only from having read or written that record, and records are never deleted, so
        # the put's own condition is enough: checking the predecessor too would double the write's price.
        try:
            self._client.put_item(**put)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            there = error.response.get("Item")
            found = None if there is None else self._unpacked(_json_util().loads(there))
            raise Conflict(f"{name}: expected {expected} records", found) from error
        return expected + 1

    def _fitting(self, name: str, seq: int, record: bytes) -> dict[str, str]:
        """The attributes of a record; one that fits no item lies in the store of blobs, under its hash."""
        packed = _packed(record)
        size = sum(map(len, packed.values()))
        if size <= ITEM_MAX:
            return packed
        if self._overflow is None:
            raise RecordTooLarge(f"{name}: record {seq} has {size} characters packed, at most {ITEM_MAX} fit")
        key = f"records/{name}/{hashlib.sha256(record).hexdigest()}"
        # Before the item, so that a record never refers to what is not there; whoever loses the race leaves a blob.
        self._overflow.put(key, zlib.compress(record, 1))
        return {"blob": key}

    def _unpacked(self, item: dict[str, Any]) -> bytes:
        if "blob" in item:
            if self._overflow is None:
                raise KeyError(item["blob"])
            return zlib.decompress(self._overflow.get(item["blob"]))
        if "text" in item:
            return str(item["text"]).encode()
        return zlib.decompress(base64.b64decode(item["packed"]))

    def read(self, name: str, after: int = 0, most: int | None = None) -> list[bytes]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="#log = :log and seq > :after",
            ExpressionAttributeNames={"#log": "log"},
            ExpressionAttributeValues={":log": {"S": name}, ":after": {"N": str(after)}},
            ConsistentRead=True,
            **({} if most is None else {"Limit": most, "PaginationConfig": {"MaxItems": most}}),
        )
        loads = _json_util().loads
        items = [loads(item) for page in pages for item in page["Items"]]
        check_whole(name, after, [int(item["seq"]) for item in items])
        return [self._unpacked(item) for item in items]

    def names(self, prefix: str) -> list[str]:
        """A scan for first records: for people's listings, never for the scheduler."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            FilterExpression="begins_with(#log, :prefix) and seq = :first",
            ProjectionExpression="#log",
            ExpressionAttributeNames={"#log": "log"},
            ExpressionAttributeValues={":prefix": {"S": prefix}, ":first": {"N": "1"}},
        )
        loads = _json_util().loads
        return sorted(loads(item)["log"] for page in pages for item in page["Items"])


def _json_util() -> Any:
    # It imports boto3, which a cold function should not do before it needs it.
    from dynamodb_json import json_util

    return json_util


def _packed(record: bytes) -> dict[str, str]:
    """A record as text attributes, because `dynamodb-json` carries neither binary nor text that looks like a time."""
    if record.startswith(b"{") and len(record) <= PLAIN_MAX:
        with suppress(UnicodeDecodeError):
            return {"text": record.decode()}
    return {"packed": base64.b64encode(zlib.compress(record, 6)).decode()}
