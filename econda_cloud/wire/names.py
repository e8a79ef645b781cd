"""Names of instances as names of files."""

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
