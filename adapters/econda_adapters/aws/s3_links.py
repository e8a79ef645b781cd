"""Addresses in S3 at which one object can be read or written for a while.

What is written is part of the signature: its SHA-256, which S3 checks, and its length. Uploads in parts have no checksum
of the whole that S3 could check, so they go where nothing relies on their name.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from econda_adapters.aws.s3_blobs import byte_range
from econda_cloud.wire.parts import part_of
from econda_cloud.wire.worker_protocol import Link, Upload, Write

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients

LASTS_S = 900
"""Much shorter than the credentials of any role that signs: an address ends with them, whatever it says."""

MIB = 1024**2
WHOLE_MOST = 1024 * MIB
"""Bytes of what is sent in one piece; S3 takes 5 GiB, but a piece that fails is sent again from its beginning."""

PARTS_MOST = 10_000
PART_LEAST = 256 * MIB


class S3Links:
    """Addresses in one bucket (`ports.links.Links`). Raises botocore's `ClientError`."""

    def __init__(self, bucket: str, clients: Clients) -> None:
        self._bucket, self._clients = bucket, clients

    @property
    def _s3(self) -> Any:
        return self._clients("s3")

    def to_read(self, key: str, now: int) -> Link:
        part = part_of(key)
        if part is None:
            return self._link("get_object", now, {}, Key=key)
        if part.length == 0:
            return Link(url="", until_ms=now + LASTS_S * 1000)
        return self._link("get_object", now, {"range": byte_range(part)}, Key=part.key)

    def to_write(self, write: Write, apart: str, now: int, *, once: bool = False) -> Upload:
        if write.size > WHOLE_MOST:
            return self._in_parts(apart or write.key, write.size, now)
        digest = base64.b64encode(bytes.fromhex(write.sha256)).decode()
        headers = {"x-amz-checksum-sha256": digest, "content-length": str(write.size)}
        settings: dict[str, Any] = {"ChecksumSHA256": digest, "ContentLength": write.size}
        if once:
            headers["if-none-match"], settings["IfNoneMatch"] = "*", "*"
        link = self._link("put_object", now, headers, Key=write.key, **settings)
        return Upload(key=write.key, parts=(link,), part_bytes=max(1, write.size))

    def finish(self, key: str, upload: str, tags: list[str]) -> None:
        from botocore.exceptions import ClientError

        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
        try:
            self._s3.complete_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in ("NoSuchUpload", "InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML"):
                raise ValueError(code) from None
            raise

    def _in_parts(self, key: str, size: int, now: int) -> Upload:
        length = max(PART_LEAST, -(-size // PARTS_MOST))
        upload = self._s3.create_multipart_upload(Bucket=self._bucket, Key=key)["UploadId"]
        parts = tuple(
            self._link("upload_part", now, {}, Key=key, UploadId=upload, PartNumber=number)
            for number in range(1, -(-size // length) + 1)
        )
        return Upload(key=key, parts=parts, part_bytes=length, upload=upload)

    def _link(self, operation: str, now: int, headers: dict[str, str], **settings: Any) -> Link:
        members = {"Bucket": self._bucket, **settings}
        url = self._s3.generate_presigned_url(operation, Params=members, ExpiresIn=LASTS_S)
        return Link(url=url, until_ms=now + LASTS_S * 1000, headers=headers)
