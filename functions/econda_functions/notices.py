"""What other services of AWS tell us, as far as we read it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Bucket(BaseModel):
    name: str


class Object(BaseModel):
    key: str
    size: int = 0
    version: str | None = Field(default=None, alias="versionId")
    sequencer: str = ""


class S3(BaseModel):
    bucket: Bucket
    object: Object


class Identity(BaseModel):
    principal: str = Field(default="", alias="principalId")


class Record(BaseModel):
    s3: S3
    user: Identity = Field(default_factory=lambda: Identity(principalId=""), alias="userIdentity")


class Notification(BaseModel):
    """What S3 sends; a new configuration first sends a test event that has no records."""

    records: list[Record] = Field(default_factory=list, alias="Records")


class JobChange(BaseModel):
    """An event of the bus about a Batch job; its detail is the job as DescribeJobs shows it."""

    detail: dict[str, Any]
