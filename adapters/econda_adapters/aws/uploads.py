"""Submitting what lies in a team's bucket."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from econda_cloud.schedule.messages import write_message
from econda_cloud.submission.accept import Content
from econda_cloud.submission.intake import take_in
from econda_cloud.submission.uploads import Upload, is_pipeline
from econda_cloud.wire.events import RunStarted

if TYPE_CHECKING:
    from econda_adapters.aws.team import Team


def submit(upload: Upload, size: int, version_id: str | None, team: Team) -> str | None:
    """Start the run of an upload; its name, or None if there is none (no pipeline, refused, or gone again).

    Raises botocore's `ClientError`.
    """
    if not is_pipeline(upload.key) or upload.bucket != team.stack.bucket:
        return None

    def start(event: RunStarted) -> None:
        team.events.send([write_message(event.run, [event], team.blobs)], group=event.run)

    try:
        started = take_in(upload, size, partial(_fetch, upload, version_id, team), team.blobs, start)
    except _Gone:
        return None
    return started.run if started else None


class _Gone(Exception):
    """The object was deleted between its notification and now."""


def _fetch(upload: Upload, version_id: str | None, team: Team) -> Content:
    s3 = team.clients("s3")
    which = {"VersionId": version_id} if version_id else {}
    try:
        answer = s3.get_object(Bucket=upload.bucket, Key=upload.key, **which)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion", "404"):
            raise _Gone(upload.key) from error
        raise
    try:
        sibling = team.blobs.get(upload.params_key)
    except KeyError:
        sibling = None
    return Content(answer["Body"].read(), answer.get("Metadata", {}), sibling, upload.params_key)
