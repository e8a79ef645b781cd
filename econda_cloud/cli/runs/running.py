"""Which instances are at work now: by the files of this machine, or by who has claimed the chunks of a stack."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from econda_adapters.embedded.live import attempts_at_work

from econda_cloud.cli.runs.places import embedded_folder
from econda_cloud.cli.runs.stores import Found
from econda_cloud.record.instances import Instance
from econda_cloud.run.state import Chunk, RunState
from econda_cloud.wire.names import file_name

CLAIMS_MOST = 50
"""Chunks of a stack that are looked at: each costs a request."""


def running(found: Found, table: Mapping[str, Instance]) -> frozenset[str]:
    """Instances of a run of this machine whose attempt has begun a moment ago or earlier, and not ended."""
    if found.store.team is not None or found.unfinished != "running":
        return frozenset()
    names = attempts_at_work(embedded_folder() / "scratch", found.run)
    return frozenset(
        row.instance
        for row in table.values()
        if row.state == "placed" and f"{file_name(row.instance)}.{row.attempts[-1].attempt}" in names
    )


def running_on_stack(found: Found, state: RunState) -> frozenset[str]:
    """Instances of a run of a stack whose chunk a worker has claimed: of a sequence the first that has not ended."""
    members = (each for name, chunk in state.chunks.items() for each in _members(name, chunk))
    return frozenset(
        instance for instance, chunk, index in islice(members, CLAIMS_MOST) if _is_claimed(found, chunk, index)
    )


def _members(name: str, chunk: Chunk) -> list[tuple[str, str, int | None]]:
    """Instance, chunk and index of the claim, of all that may be at work at once."""
    still = set(chunk.open)
    if chunk.array:
        return [(item[0], name, index) for index, item in enumerate(chunk.order) if item in still]
    first = next((item[0] for item in chunk.order if item in still), None)
    return [] if first is None else [(first, name, None)]


def _is_claimed(found: Found, chunk: str, index: int | None) -> bool:
    from econda_adapters.clock import now_ms

    from econda_cloud.gateway.claims import claim_state

    claimed = claim_state(found.store.log, chunk, index)
    return claimed is not None and claimed.alive(now_ms())
