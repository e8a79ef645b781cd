"""The workings of one record: the state in hand, and how to find one's way in the tree."""

from __future__ import annotations

from collections import ChainMap, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from econda_edsl.plan import AnyNode, Subpipeline

from econda_cloud.run.blocks import Block, Program
from econda_cloud.run.choices import Choices, Reading
from econda_cloud.run.paths import handler_segment, instance_prefix, parse_instance
from econda_cloud.run.state import AnyActive, Branch, Call, Fan, Frame, Loop, RunState
from econda_cloud.wire.entries import ENGINE_VERSION


class At(NamedTuple):
    """A node of a frame. A list of these, outermost first, is a place in the tree."""

    block: Block
    frame: Frame
    index: int
    member: int | None = None
    """Which member, arm or round of *this* node the next place is in."""

    @property
    def node(self) -> AnyNode:
        return self.block.nodes[self.index]


@dataclass
class Work:
    """What one record is worked on with: the state in hand, where choices come from, and what is to be begun.

    here: see `entries.Placed`. reporter: the job that has reported the success that was taken in last. engine: the version
    that made the record. over: calls that others wait for and that are over, with their outputs if there are any.
    """

    program: Program
    state: RunState
    now: int
    choices: Choices = field(default_factory=lambda: Reading(()))
    here: bool = False
    reporter: str = ""
    engine: int = ENGINE_VERSION
    queue: deque[list[At]] = field(default_factory=deque)
    over: list[tuple[str, dict[str, Any] | None]] = field(default_factory=list)
    base: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        state = self.state
        run = {
            "id": state.run,
            "seed": state.seed,
            "started_at": _instant(state.started_ms),
            "namespace": state.namespace,
        }
        if state.decided is not None:
            run["error"] = state.decided.error
        self.base = {**state.params, "run": run}

    @property
    def root(self) -> Block:
        """The block that runs: the pipeline's own, or that of a handler."""
        return self.program.block(self.state.handling)

    @property
    def prefix(self) -> str:
        """What the names of all instances begin with."""
        return instance_prefix(self.program.plan.name, self.state.handling)

    def scope(self, places: list[At]) -> Mapping[str, Any]:
        """Names visible at the last of these places."""
        return ChainMap(*[at.frame.scope for at in reversed(places)], self.base)

    def instance(self, places: list[At]) -> str:
        parts = [self.prefix]
        for at in places[:-1]:
            mark = f"[{at.member}]" if at.member is not None else ""
            parts.append(at.node.id + mark)
        parts.append(places[-1].node.id)
        return "/".join(parts)

    def locate(self, instance: str) -> tuple[list[At], Call] | None:
        """The places down to an active call, and the call; None if no such call is active now."""
        found = self._find(instance)
        return (found[0], found[1]) if found is not None and isinstance(found[1], Call) else None

    def locate_pipeline(self, instance: str) -> list[At] | None:
        """The places down to a pipeline that runs as a step; None if it does not run now."""
        found = self._find(instance)
        return found[0] if found is not None and isinstance(found[0][-1].node, Subpipeline) else None

    def _find(self, instance: str) -> tuple[list[At], AnyActive] | None:
        """The places down to what is active under a name, and that."""
        segments = parse_instance(instance)
        frame, block = self.state.root, self.root
        if not segments or frame is None:
            return None
        if self.state.handling:
            if segments[0] != (handler_segment(self.state.handling), None):
                return None
            segments = segments[1:]
        places: list[At] = []
        for depth, (name, number) in enumerate(segments):
            index = block.index.get(name)
            active = frame.active.get(index) if index is not None else None
            if index is None or active is None:
                return None
            places.append(At(block, frame, index, number))
            if depth == len(segments) - 1 or isinstance(active, Call):
                return (places, active) if depth == len(segments) - 1 and number is None else None
            below = _inside(active, block.inner[index], number)
            if below is None:
                return None
            block, frame = below
        return None


def _inside(active: Fan | Branch | Loop, inner: list[Block], number: int | None) -> tuple[Block, Frame] | None:
    match active:
        case Fan(frames=frames):
            return (inner[0], frames[number]) if number is not None and number in frames else None
        case Branch(arm=arm, frame=frame):
            return (inner[arm], frame) if number is None else None
        case Loop(round=current, frame=frame):
            return (inner[0], frame) if number == current else None


@lru_cache(maxsize=1_024)
def _instant(ms: int) -> str:
    """The language's Instant: ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
