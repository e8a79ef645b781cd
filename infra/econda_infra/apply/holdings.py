"""What a stack holds that would be lost with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice

from botocore.exceptions import ClientError
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.dynamodb_run_index import DynamoRunIndex

from econda_cloud.ports.run_index import newest_first
from econda_infra.apply.kind import is_gone

OWN = "stack/"
"""What the deployment itself has put into the bucket."""

COUNTED_MOST = 100_000
"""Runs, and versions of objects, that are counted; of more it is said that there are at least so many."""

EXAMPLES = 3


@dataclass(frozen=True)
class Holdings:
    """Runs by namespace, the newest ones; objects in all their versions, and their bytes; whether these are all."""

    runs: dict[str, int]
    newest: tuple[str, ...]
    objects: int
    bytes: int
    all: bool

    @property
    def empty(self) -> bool:
        return not (self.runs or self.objects)

    def lines(self) -> list[str]:
        """For people, one line for each kind of thing."""
        least = "" if self.all else "at least "
        said = []
        if self.runs:
            spaces = ", ".join(f"{number:,} of {name}" for name, number in sorted(self.runs.items()))
            total = sum(self.runs.values())
            said.append(f"{least}{_many(total, 'run')} ({spaces}), the last of them {', '.join(self.newest)}")
        if self.objects:
            objects = _many(self.objects, "object")
            said.append(f"{least}{objects} in the bucket, old versions included, {self.bytes:,} bytes")
        return said


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def holdings(clients: Clients, bucket: str, table: str) -> Holdings:
    """Empty where bucket or table are gone. Raises botocore's `ClientError`."""
    objects, size, whole = _objects(clients, bucket)
    runs = list(islice(_runs(clients, bucket, table), COUNTED_MOST + 1))
    return Holdings(
        runs=dict(Counter(run.namespace for run in runs[:COUNTED_MOST])),
        newest=tuple(run.run for run in runs[:EXAMPLES]),
        objects=objects,
        bytes=size,
        all=whole and len(runs) <= COUNTED_MOST,
    )


def _runs(clients: Clients, bucket: str, table: str):
    try:
        yield from newest_first(DynamoRunIndex(table, bucket, clients), page=1_000)
    except ClientError as error:
        if not is_gone(error):
            raise


def _objects(clients: Clients, bucket: str) -> tuple[int, int, bool]:
    """How many versions of objects there are, their bytes, and whether all were counted."""
    objects = size = 0
    try:
        for page in clients("s3").get_paginator("list_object_versions").paginate(Bucket=bucket):
            found = [each for each in page.get("Versions", []) if not each["Key"].startswith(OWN)]
            objects, size = objects + len(found), size + sum(each["Size"] for each in found)
            if objects > COUNTED_MOST:
                return objects, size, False
    except ClientError as error:
        if not is_gone(error):
            raise
    return objects, size, True
