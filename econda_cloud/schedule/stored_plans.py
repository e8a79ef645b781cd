"""Plans as they lie in the blob store."""

from __future__ import annotations

import msgspec
from econda_edsl.plan import Plan, decode_plan, encode_plan

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Conflict
from econda_cloud.schedule.run_history import NoPlan
from econda_cloud.wire.keys import plan_key


def stored_plan(blobs: BlobStore, namespace: str, run: str) -> Plan:
    """Raises `NoPlan` for a run that has none, or one that cannot be read, and what the store raises."""
    try:
        return decode_plan(blobs.get(plan_key(namespace, run)))
    except KeyError:
        raise NoPlan(f"the plan of {run} is gone from the store ({plan_key(namespace, run)})") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise NoPlan(f"the plan of {run} cannot be read: {error}"[:500]) from error


def store_plan(blobs: BlobStore, namespace: str, run: str, plan: Plan) -> Plan:
    """Store the plan of a run, once: a later compiler's plan of the same upload changes nothing. The plan that is there.

    Raises `NoPlan` if the one that is there cannot be read.
    """
    try:
        blobs.put_if(plan_key(namespace, run), encode_plan(plan), None)
    except Conflict:
        return stored_plan(blobs, namespace, run)
    return plan
