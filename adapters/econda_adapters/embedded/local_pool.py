"""The driver local.process: this machine's processes, which are handed the chunk itself."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from econda_adapters.embedded.pool import EmbeddedPool
from econda_cloud.money.prices import Price
from econda_cloud.ports.pool import (
    Accepted,
    Answer,
    ByNode,
    Capabilities,
    Capacity,
    JobState,
    NodeRoom,
    Refused,
    Submission,
    Targets,
)
from econda_cloud.wire.chunk import decode_chunk
from econda_cloud.wire.pools import Pool

ANY_SIZE = 1 << 40


class LocalDriver:
    """Assignments are the documents of chunks, handles their names; targets say nothing.

    `prompt`: chunks begin when they are submitted, else with the pool's own `start_ready`. Used by one thread.
    """

    def __init__(self, pool: EmbeddedPool, machine: Pool, *, prompt: bool = True) -> None:
        self._pool, self._machine, self._prompt = pool, machine, prompt
        self._reserved: dict[str, Submission] = {}

    def capabilities(self) -> Capabilities:
        return Capabilities(kinds=self._machine.kinds, assignment_most=ANY_SIZE, idempotent=True, cancels="by_chunk")

    def capacity(self, targets: Targets) -> dict[str, Capacity]:
        """More may be submitted than there is room for: it waits here."""
        held, machine = self._held(), self._machine
        room = NodeRoom(
            name=machine.name,
            cpu_milli=machine.cpu_milli,
            memory=machine.memory,
            gpu=machine.gpu,
            free_cpu_milli=max(0, machine.cpu_milli - sum(each.cpu_milli for each in held)),
            free_memory=max(0, machine.memory - sum(each.memory for each in held)),
            free_gpu=max(0, machine.gpu - sum(each.gpu for each in held)),
        )
        return dict.fromkeys(targets, ByNode((room,)))

    def prices(self, targets: Targets) -> dict[str, Price]:
        return dict.fromkeys(targets, Price())

    def submit(self, batch: Sequence[Submission]) -> list[Answer]:
        self._held()
        answers = [self._submit(each) for each in batch]
        if self._prompt:
            self._pool.start_ready()
        return answers

    def describe(self, handles: Sequence[str]) -> list[JobState]:
        return [self._pool.state(handle) for handle in handles]

    def cancel(self, handle: str, members: Sequence[int] | None = None) -> None:
        items = self._pool.items(handle)
        self._pool.cancel(items if members is None else tuple(items[at] for at in members if at < len(items)))

    def _held(self) -> list[Submission]:
        """What has not ended; the rest is forgotten."""
        self._reserved = {chunk: each for chunk, each in self._reserved.items() if self._pool.items(chunk)}
        return list(self._reserved.values())

    def _submit(self, submission: Submission) -> Answer:
        if submission.image is not None:
            return Refused("processes of this machine run in no image")
        try:
            chunk = decode_chunk(submission.assignment)
        except msgspec.DecodeError as error:
            return Refused(f"its assignment is no chunk: {error}")
        if chunk.id != submission.chunk:
            return Refused(f"its assignment is that of {chunk.id}")
        self._pool.submit(chunk)
        self._reserved[chunk.id] = submission
        return Accepted(chunk.id)
