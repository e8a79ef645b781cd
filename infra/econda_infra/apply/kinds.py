"""Every type of resource that the program uses, by Pulumi's token."""

from __future__ import annotations

from econda_infra.apply import access, functions, jobs, messages, records, s3
from econda_infra.apply.kind import Kind

KINDS: dict[str, Kind] = {
    **access.KINDS,
    **functions.KINDS,
    **jobs.KINDS,
    **messages.KINDS,
    **records.KINDS,
    **s3.KINDS,
}
