"""Buckets that go while something still writes to them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from econda_infra.apply import s3
from econda_infra.apply.kind import Made


class Bucket:
    """An S3 client with one bucket, into which `late` objects are written, each after it was emptied."""

    def __init__(self, late: int, refusal: str = "BucketNotEmpty") -> None:
        self.late, self.refusal, self.objects, self.gone = late, refusal, ["first"], False

    def __call__(self, _: str) -> Bucket:
        return self

    def get_paginator(self, _: str) -> Bucket:
        return self

    def paginate(self, Bucket: str) -> list[dict[str, Any]]:  # noqa: ARG002
        return [{"Versions": [{"Key": key, "VersionId": "v"} for key in self.objects]}]

    def delete_objects(self, Bucket: str, Delete: dict[str, Any]) -> None:  # noqa: ARG002
        self.objects = []
        if self.late:
            self.late -= 1
            self.objects = [f"late{self.late}"]

    def delete_bucket(self, Bucket: str) -> None:  # noqa: ARG002
        if self.objects:
            raise ClientError({"Error": {"Code": self.refusal}}, "DeleteBucket")
        self.gone = True


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3.time, "sleep", lambda _: None)


def test_what_is_written_late_goes_too() -> None:
    bucket = Bucket(late=3)
    s3._delete_bucket(bucket, Made("b", {}))  # type: ignore[arg-type]
    assert bucket.gone


def test_one_that_is_never_empty_is_told() -> None:
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        s3._delete_bucket(Bucket(late=1_000), Made("b", {}))  # type: ignore[arg-type]


def test_other_refusals_are_told_at_once() -> None:
    bucket = Bucket(late=2, refusal="AccessDenied")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3._delete_bucket(bucket, Made("b", {}))  # type: ignore[arg-type]
    assert bucket.late == 1
