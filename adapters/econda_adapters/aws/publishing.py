"""Outputs published to S3: by a function of the stack, to the places that the stack was told of, or from a laptop."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from econda_edsl.words.places import is_bucket, split_bucket

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.publishing.outputs import NotWritten
from econda_cloud.publishing.publish import publish
from econda_cloud.wire.events import Published
from econda_cloud.wire.keys import UNITS, run_prefix

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients

VARIABLE = "ECONDA_PUBLISH_TO"
"""Where a deployment tells the function which places each namespace may publish to, as JSON; "" stands for all of them."""

FOR_GOOD = frozenset({"AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidBucketName", "NoSuchBucket", "KMS.DisabledException",
                      "KMS.NotFoundException", "InvalidAccessKeyId", "SignatureDoesNotMatch", "PermanentRedirect"})  # fmt: skip
"""What S3 says of a bucket that will take nothing, however often it is tried."""


class NotPublished(Exception):
    """It will not do at any later time either; the message says why."""


class Publishing(msgspec.Struct, frozen=True, kw_only=True):
    """What the function is invoked with: the outputs of this run go to that place."""

    publish: str
    namespace: str
    run: str


class BucketPlace:
    """A prefix of a bucket. `source` is the bucket of the store, from which S3 copies by itself; None to go through here."""

    def __init__(self, place: str, clients: Clients, blobs: BlobStore, source: str | None = None) -> None:
        self._bucket, prefix = split_bucket(place)
        self._prefix = f"{prefix}/" if prefix else ""
        self._clients, self._blobs, self._source = clients, blobs, source

    def where(self, name: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{name}"

    def put(self, name: str, path: Path) -> None:
        self._clients("s3").upload_file(str(path), self._bucket, self._prefix + name)

    def copy(self, key: str, name: str) -> None:
        if self._source is None:
            import tempfile

            with tempfile.TemporaryDirectory(prefix="publishing-") as folder:
                self._blobs.get_file(key, Path(folder) / "file")
                self.put(name, Path(folder) / "file")
            return
        if not self._blobs.exists(key):
            raise KeyError(key)
        # Without the tags of the source, which would need rights of their own.
        self._clients("s3").copy(
            {"Bucket": self._source, "Key": key},
            self._bucket,
            self._prefix + name,
            ExtraArgs={"TaggingDirective": "REPLACE"},
        )


def allowed_places(environment: Mapping[str, str] = os.environ) -> dict[str, list[str]]:
    return msgspec.json.decode(environment.get(VARIABLE) or "{}", type=dict[str, list[str]])


def place_on_stack(to: str, namespace: str, bucket: str, allowed: Mapping[str, Sequence[str]]) -> str:
    """The place in S3. A folder lies in the stack's own bucket. Raises `NotPublished` for one that it may not write to."""
    if not is_bucket(to):
        if to.startswith("/"):
            raise NotPublished(
                f"{to} is a folder of a machine; a stack publishes to s3://… or to a folder without / at its start"
            )
        return f"s3://{bucket}/published/{namespace}/{to}"
    there = [*allowed.get("", ()), *allowed.get(namespace, ())]
    if any(f"{to.rstrip('/')}/".startswith(f"{each.rstrip('/')}/") for each in there):
        return to
    known = f"it may publish to {', '.join(there)}" if there else "it was told of none"
    raise NotPublished(
        f"the stack may not publish to {to}: {known}; `econda up --publish-to` names places, docs/publishing.md"
    )


def publish_on_stack(
    asked: Publishing, bucket: str, clients: Clients, blobs: BlobStore, allowed: Mapping[str, Sequence[str]]
) -> Published:
    """Copy the outputs of a run of the stack whose bucket this is. Raises what may go away by itself."""
    try:
        to = place_on_stack(asked.publish, asked.namespace, bucket, allowed)
        try:
            outputs = msgspec.json.decode(blobs.get(f"{run_prefix(asked.namespace, asked.run)}/outputs.json"))
        except KeyError:
            raise NotPublished(f"the outputs of {asked.run} are gone") from None
        outputs.pop(UNITS, None)
        place = BucketPlace(to, clients, blobs, bucket)
        return Published(to=to, files=copied(outputs, blobs, place, asked.namespace))
    except NotPublished as error:
        return Published(to=asked.publish, error=str(error))


def publish_from_here(to: str, outputs: Mapping[str, Any], blobs: BlobStore, namespace: str) -> Published:
    """Copy outputs of a run of this machine to S3, with whatever credentials its user has. Raises nothing that S3 says."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    from econda_adapters.aws.clients import Clients

    clients = Clients()
    try:
        return Published(to=to, files=copied(outputs, blobs, BucketPlace(to, clients, blobs), namespace))
    except (NotPublished, ClientError, BotoCoreError, Boto3Error, OSError) as error:
        return Published(to=to, error=str(error)[:1_000])
    finally:
        clients.close()


def copied(outputs: Mapping[str, Any], blobs: BlobStore, place: BucketPlace, namespace: str) -> dict[str, str]:
    """Where each output is. Raises `NotPublished`, and what may go away by itself."""
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import ClientError

    try:
        return publish(outputs, blobs, place, namespace)
    except NotWritten as error:
        raise NotPublished(str(error)) from None
    except S3UploadFailedError as error:
        # It keeps the words of S3 only.
        if any(f"({code})" in str(error) for code in FOR_GOOD):
            raise NotPublished(f"{place.where('')} takes nothing: {error}"[:1_000]) from None
        raise
    except ClientError as error:
        about = error.response.get("Error", {})
        if about.get("Code") in FOR_GOOD:
            raise NotPublished(
                f"{place.where('')} takes nothing: {about.get('Code')}: {about.get('Message')}"[:1_000]
            ) from None
        raise


def lost_publishing(body: dict[str, Any]) -> tuple[str, Published] | None:
    """The run, and that it was not published, of what Lambda says of an invocation that has failed for the last time; None for
    what is said of another function.
    """
    from econda_adapters.aws.lambda_pool import invocation_lost

    lost = invocation_lost(body)
    if lost is None:
        return None
    try:
        asked = msgspec.convert(lost.request, Publishing)
    except msgspec.ValidationError:
        return None
    return asked.run, Published(to=asked.publish, error=f"it was tried several times: {lost.message}")
