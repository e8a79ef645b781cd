"""Blobs in an S3 bucket; conditional writes use the object's ETag."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from econda_cloud.ports.log import Conflict
from econda_cloud.wire.parts import Part, part_of

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients

_GONE = ("NoSuchKey", "404", "NotFound", "NoSuchVersion")
_CHANGED = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


RENEWED_AFTER = timedelta(days=30)
"""What was written later needs no renewing: the shortest time after which a bucket removes such things is twice that."""


class S3Blobs:
    """A blob store in one bucket. Raises botocore's `ClientError` for what is neither missing nor a lost race."""

    def __init__(self, bucket: str, clients: Clients) -> None:
        self._bucket, self._clients = bucket, clients

    @property
    def _s3(self) -> Any:
        return self._clients("s3")

    def put(self, key: str, data: bytes) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=data)

    def get(self, key: str) -> bytes:
        return self._get(key)["Body"].read()

    def put_file(self, key: str, path: Path) -> None:
        """Large files go up in parts."""
        self._s3.upload_file(str(path), self._bucket, key)

    def get_file(self, key: str, path: Path) -> None:
        from botocore.exceptions import ClientError

        if part_of(key) is not None:
            path.write_bytes(self.get(key))
            return
        try:
            self._s3.download_file(self._bucket, key, str(path))
        except ClientError as error:
            raise _missing(error, key) from error

    def exists(self, key: str) -> bool:
        from botocore.exceptions import ClientError

        try:
            part = part_of(key)
            self._s3.head_object(Bucket=self._bucket, Key=key if part is None else part.key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return False
            raise
        return True

    def copy(self, source: str, target: str) -> None:
        """Inside the bucket, in pieces if it is large: nothing travels through the caller but parts of others."""
        from botocore.exceptions import ClientError

        if part_of(source) is not None:
            self.put(target, self.get(source))
            return
        try:
            self._s3.copy({"Bucket": self._bucket, "Key": source}, self._bucket, target)
        except ClientError as error:
            raise _missing(error, source) from error

    def delete(self, key: str) -> None:
        self._s3.delete_object(Bucket=self._bucket, Key=key)

    def renew(self, key: str) -> bool:
        """By one request, and another one, a copy onto itself, once in thirty days."""
        from botocore.exceptions import ClientError

        try:
            written = self._s3.head_object(Bucket=self._bucket, Key=key)["LastModified"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return False
            raise
        if datetime.now(UTC) - written > RENEWED_AFTER:
            source = {"Bucket": self._bucket, "Key": key}
            self._s3.copy(source, self._bucket, key, ExtraArgs={"MetadataDirective": "REPLACE"})
        return True

    def purge(self, key: str) -> None:
        """In a bucket with versions, one that is deleted or written over stays until it is removed by its version."""
        for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=key):
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            mine = [{"Key": key, "VersionId": each["VersionId"]} for each in found if each["Key"] == key]
            if mine:
                self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": mine, "Quiet": True})

    def tagged(self, key: str) -> tuple[bytes, str]:
        answer = self._get(key)
        return answer["Body"].read(), answer["ETag"]

    def put_if(self, key: str, data: bytes, tag: str | None) -> str:
        from botocore.exceptions import ClientError

        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        try:
            return self._s3.put_object(Bucket=self._bucket, Key=key, Body=data, **condition)["ETag"]
        except ClientError as error:
            # An object to be matched that is gone counts as changed.
            if error.response["Error"]["Code"] in (*_CHANGED, *_GONE):
                raise Conflict(f"the blob {key} has changed") from error
            raise

    def _get(self, key: str) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        part, members = part_of(key), {"Key": key}
        try:
            if part is not None and part.length == 0:
                self._s3.head_object(Bucket=self._bucket, Key=part.key)
                return {"Body": io.BytesIO(), "ETag": ""}
            if part is not None:
                members = {"Key": part.key, "Range": byte_range(part)}
            return self._s3.get_object(Bucket=self._bucket, **members)
        except ClientError as error:
            raise _missing(error, key) from error


def byte_range(part: Part) -> str:
    """A part that is not empty, as HTTP asks for it."""
    return f"bytes={part.start}-{part.start + part.length - 1}"


def _missing(error: Any, key: str) -> Exception:
    return KeyError(key) if error.response["Error"]["Code"] in _GONE else error
