"""How long a stack keeps what: days in settings (docs/retention.md)."""

from __future__ import annotations

import msgspec

MESSAGES_LEAST = 28
"""Fourteen days in a queue, and as many among the dead letters."""


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """Days after something was last written; None for ever. Raises `ValueError` for what would break running work.

    runs: plans, code, statuses, outputs and logs of a run, and its place on the index; so no run may last longer.
    checkpoints: of which there are two for each attempt while it runs. chunks, claims: what workers are handed and who
    has it; so no attempt may last longer. live_logs: what attempts have written so far, while they run. snapshots: only save time. archives: of packages; a run that uses one renews
    it. messages: what was too long for a queue. old_versions: of anything written over or deleted; it must outlive an
    upload's wait in its queue. unfinished: uploads in parts that nobody went on with.
    """

    runs: int | None = 400
    checkpoints: int | None = 30
    chunks: int = 90
    claims: int = 90
    live_logs: int = 15
    snapshots: int | None = 30
    archives: int | None = 180
    messages: int = 30
    old_versions: int = 15
    unfinished: int = 7

    def __post_init__(self) -> None:
        least = {
            "chunks": 15,
            "claims": 15,
            "live_logs": 1,
            "messages": MESSAGES_LEAST,
            "old_versions": 15,
            "unfinished": 1,
        }
        optional = {"runs": 30, "checkpoints": 1, "snapshots": 1, "archives": 60}
        for name, days in {**least, **optional}.items():
            value = getattr(self, name)
            if value is not None and value < days:
                raise ValueError(f"`{name}` are kept {value} days; at least {days} are needed")
