"""Which instances are at work now, as far as this machine can tell."""

from __future__ import annotations

from collections.abc import Mapping

from econda_adapters.embedded.live import attempts_at_work

from econda_cloud.cli.runs.places import embedded_folder
from econda_cloud.cli.runs.stores import Found
from econda_cloud.record.instances import Instance
from econda_cloud.wire.names import file_name


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
