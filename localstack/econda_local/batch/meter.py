"""Resident memory of every running attempt, sampled for all of them in one pass over the process table."""

from __future__ import annotations

import asyncio

from econda_local import session

PERIOD = 0.2  # seconds between samples


class Meter:
    def __init__(self) -> None:
        self._leaders: set[int] = set()
        self._bytes: dict[int, int] = {}

    def watch(self, leader: int) -> None:
        self._leaders.add(leader)

    def forget(self, leader: int) -> None:
        self._leaders.discard(leader)
        self._bytes.pop(leader, None)

    def usage(self, leader: int) -> int:
        """Bytes at the last sample; 0 before the first."""
        return self._bytes.get(leader, 0)

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            await asyncio.sleep(PERIOD)
            if self._leaders:
                sampled = await asyncio.to_thread(session.resident, frozenset(self._leaders))
                self._bytes = {leader: used for leader, used in sampled.items() if leader in self._leaders}
