"""The in-memory twin of a pool: it does nothing by itself, and what it is told to: be busy, lose jobs, lie, end them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
from econda_edsl.plan import FailureKind

from econda_cloud.money.prices import Price
from econda_cloud.ports.pool import (
    Accepted,
    Answer,
    ByNode,
    Capabilities,
    Capacity,
    Ended,
    Gone,
    JobState,
    Later,
    NodeRoom,
    PoolUnavailable,
    Refused,
    Running,
    Submission,
    Targets,
    Unknown,
    Waiting,
)

ONE_NODE = NodeRoom(name="one", cpu_milli=4_000, memory=8 << 30, free_cpu_milli=4_000, free_memory=8 << 30)
CAPABILITIES = Capabilities(kinds=("python", "shell"), array_most=10_000, idempotent=True, cancels="by_chunk")


class _Job:
    """A submission, with the state and the node of each member."""

    def __init__(self, submission: Submission, nodes: list[str]) -> None:
        self.submission, self.nodes = submission, nodes
        self.states: list[JobState] = [Waiting()] * len(nodes)
        self.left = Counter(nodes)
        """Members that have not ended, by node."""


class MemoryPool:
    """Used by one thread. A target is the JSON text `"memory"`; handles are the names of the chunks.

    refuses: why a submission is refused, or "". busy, away: why nothing is taken, or nothing can be asked, now.
    claimed: the capacity that is told instead of the true one.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        nodes: Sequence[NodeRoom] = (ONE_NODE,),
        capabilities: Capabilities = CAPABILITIES,
        price: Price = Price(),  # noqa: B008
    ) -> None:
        self._clock, self._nodes, self._capabilities, self._price = clock, tuple(nodes), capabilities, price
        self._jobs: dict[str, _Job] = {}
        self._open: dict[str, _Job] = {}
        self.refuses: Callable[[Submission], str] = lambda _: ""
        self.busy = ""
        self.away = ""
        self.claimed: tuple[NodeRoom, ...] | None = None

    # What every pool does.

    def capabilities(self) -> Capabilities:
        return self._capabilities

    def capacity(self, targets: Targets) -> dict[str, Capacity]:
        told: Capacity = (
            Unknown(self.away) if self.away else ByNode(self._rooms() if self.claimed is None else self.claimed)
        )
        return dict.fromkeys(targets, told)

    def prices(self, targets: Targets) -> dict[str, Price]:
        return dict.fromkeys(targets, self._price)

    def submit(self, batch: Sequence[Submission]) -> list[Answer]:
        return [self._submit(each) for each in batch]

    def describe(self, handles: Sequence[str]) -> list[JobState]:
        return [Unknown(self.away) if self.away else self._state(handle) for handle in handles]

    def cancel(self, handle: str, members: Sequence[int] | None = None) -> None:
        if self.away:
            raise PoolUnavailable(self.away)
        job = self._jobs.get(handle)
        if job is None or (members is not None and not self._capabilities.arrays):
            return
        for index in range(len(job.states)) if members is None else members:
            if index < len(job.states):
                self.end(handle, "failed", "cancelled by econda", member=index)

    # What is done to this one.

    def begin(self, handle: str) -> None:
        """The job runs from now on."""
        states = self._jobs[handle].states
        states[:] = [Running(self._clock()) if isinstance(each, Waiting) else each for each in states]

    def end(
        self, handle: str, failure: FailureKind | None = None, message: str = "", *, member: int | None = None
    ) -> None:
        """The job, or one member of it, has ended now; one that had ended before stays as it was."""
        job = self._jobs[handle]
        for index in range(len(job.states)) if member is None else (member,):
            before = job.states[index]
            if not isinstance(before, Ended):
                started = before.started_ms if isinstance(before, Running) else None
                job.states[index] = Ended(failure, message, started, self._clock())
                job.left[job.nodes[index]] -= 1
        if not job.left.total():
            self._open.pop(handle, None)

    def lose(self, handle: str) -> None:
        """The pool forgets a job that it had accepted."""
        del self._jobs[handle]
        self._open.pop(handle, None)

    def assignment(self, handle: str) -> bytes:
        """What the worker of a job is handed. Raises `KeyError`."""
        return self._jobs[handle].submission.assignment

    def handles(self) -> list[str]:
        """The jobs that are not over, in the order in which they came."""
        return list(self._open)

    def _submit(self, submission: Submission) -> Answer:
        if self.away or self.busy:
            return Later(self.away or self.busy)
        if submission.chunk in self._jobs:
            return Accepted(submission.chunk)
        if why := self._impossible(submission) or self.refuses(submission):
            return Refused(why)
        nodes = _placed(submission, self._members(submission), self._rooms())
        if nodes is None:
            return Later("no node has room for it")
        self._jobs[submission.chunk] = self._open[submission.chunk] = _Job(submission, nodes)
        return Accepted(submission.chunk)

    def _members(self, submission: Submission) -> int:
        return submission.size if self._capabilities.arrays else 1

    def _impossible(self, submission: Submission) -> str:
        if submission.target != msgspec.Raw(b'"memory"'):
            return f"the target of {submission.offer} is not one of this pool"
        if submission.image is not None and not self._capabilities.images:
            return "this pool takes no images"
        members = self._members(submission)
        if members > self._capabilities.array_most:
            return f"{members} attempts are more than the {self._capabilities.array_most} of an array"
        if _placed(submission, members, [_emptied(node) for node in self._nodes]) is None:
            return "it is larger than this pool"
        return ""

    def _state(self, handle: str) -> JobState:
        whole, _, index = handle.rpartition(":")
        if job := self._jobs.get(handle):
            return _together(job.states) if len(job.states) > 1 else job.states[0]
        job = self._jobs.get(whole)
        if job is None or not index.isdecimal() or int(index) >= len(job.states):
            return Gone()
        return job.states[int(index)]

    def _rooms(self) -> tuple[NodeRoom, ...]:
        return tuple(self._room(node) for node in self._nodes)

    def _room(self, node: NodeRoom) -> NodeRoom:
        room = _emptied(node)
        for job in self._open.values():
            room = _less(room, job.submission, job.left[node.name])
        return room


def _placed(submission: Submission, members: int, rooms: Sequence[NodeRoom]) -> list[str] | None:
    """A node for each member, or None if they do not all have room."""
    left, nodes = list(rooms), []
    for _ in range(members):
        at = next((at for at, room in enumerate(left) if _fits(submission, room)), None)
        if at is None:
            return None
        nodes.append(left[at].name)
        left[at] = _less(left[at], submission, 1)
    return nodes


def _fits(submission: Submission, room: NodeRoom) -> bool:
    return (
        submission.cpu_milli <= room.free_cpu_milli
        and submission.memory <= room.free_memory
        and submission.gpu <= room.free_gpu
    )


def _less(room: NodeRoom, submission: Submission, count: int) -> NodeRoom:
    return msgspec.structs.replace(
        room,
        free_cpu_milli=room.free_cpu_milli - count * submission.cpu_milli,
        free_memory=room.free_memory - count * submission.memory,
        free_gpu=room.free_gpu - count * submission.gpu,
    )


def _emptied(node: NodeRoom) -> NodeRoom:
    return msgspec.structs.replace(node, free_cpu_milli=node.cpu_milli, free_memory=node.memory, free_gpu=node.gpu)


def _together(states: Sequence[JobState]) -> JobState:
    """The state of an array from those of its members."""
    ended = [state for state in states if isinstance(state, Ended)]
    if len(ended) < len(states):
        begun = ended or any(isinstance(state, Running) for state in states)
        return Running() if begun else Waiting()
    failed = next((state for state in ended if state.failure), ended[0])
    return msgspec.structs.replace(failed, ended_ms=max(state.ended_ms or 0 for state in ended) or None)
