"""Names: of instances as files, and of the jobs that run them."""

from __future__ import annotations

import hashlib
import re


def file_name(instance: str) -> str:
    """An instance as a file name: readable, and different for different instances."""
    if re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", instance, flags=re.ASCII):
        return instance
    return (
        re.sub(r"[^\w.-]", "_", instance, flags=re.ASCII)[:80]
        + "~"
        + hashlib.sha256(instance.encode()).hexdigest()[:16]
    )


def job_of(handle: str) -> str:
    """The job that a handle names: a member of an array is named by its job, a colon and its place."""
    return handle.partition(":")[0]
