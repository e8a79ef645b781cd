"""Plans as they lie in the blob store."""

from __future__ import annotations

from econda_edsl.plan import Plan, decode_plan

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.wire.keys import plan_key


def stored_plan(blobs: BlobStore, namespace: str, run: str) -> Plan:
    """Raises `KeyError` for a run that is not there."""
    return decode_plan(blobs.get(plan_key(namespace, run)))
