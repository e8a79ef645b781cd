"""Places that outputs are published to: `s3://bucket/folder`, or a folder."""

from __future__ import annotations

import re

UNKNOWN = "\0"
"""Stands in a place for what only a run knows."""

LONGEST = 700
"""Characters of a place; the names of the outputs follow, and a key of S3 has 1,024 bytes at most."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/")


def fault(place: str) -> str:
    """What is wrong with a place; empty if nothing is. Parts that are not known yet stand in it as `UNKNOWN`."""
    if not place.strip():
        return "it is empty"
    if place != place.strip() or re.search(r"[\x01-\x1f\x7f]", place):
        return "it has blanks at an end, or a character that cannot be seen"
    if place.startswith(UNKNOWN):
        return "it begins with an input, which could lead anywhere: begin with text"
    if len(place) > LONGEST:
        return f"it has more than {LONGEST} characters"
    if is_bucket(place):
        return _s3_fault(place)
    scheme = _SCHEME.match(place)
    return f"`{scheme[1]}:` is no store that econda knows" if scheme is not None else _folder_fault(place)


def is_bucket(place: str) -> bool:
    """Whether a place lies in a bucket; otherwise it is a folder."""
    return place.startswith("s3://")


def split_bucket(place: str) -> tuple[str, str]:
    """The bucket of an `s3://` place, and the prefix in it without a slash at its end."""
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    return bucket, prefix.strip("/")


def _s3_fault(place: str) -> str:
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    if UNKNOWN in bucket:
        return "the bucket is written out, so that no input chooses another one"
    if not _BUCKET.fullmatch(bucket):
        return f"`{bucket}` is no name of a bucket" if bucket else "it names no bucket"
    return _parts_fault(prefix.removesuffix("/").split("/")) if prefix else ""


def _folder_fault(place: str) -> str:
    if place.startswith("~"):
        return "`~` is not replaced: write the whole path, or one relative to where `econda run` is typed"
    if "\\" in place:
        return "it has a backslash: folders are parted by `/`"
    return (
        _parts_fault(place.removeprefix("/").removesuffix("/").split("/")) if place != "/" else "it is the whole disk"
    )


def _parts_fault(parts: list[str]) -> str:
    if any(part in (".", "..") for part in parts):
        return "`.` and `..` are no names of folders there"
    return "a name of a folder in it is empty" if "" in parts else ""
