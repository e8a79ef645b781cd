"""Every call that is active in a run's tree."""

from __future__ import annotations

from collections.abc import Iterator

from econda_cloud.run.blocks import Block
from econda_cloud.run.state import Branch, Call, Fan, Frame, Loop
from econda_cloud.run.work import At


def active_calls(block: Block, frame: Frame, above: list[At]) -> Iterator[tuple[list[At], Call]]:
    """Every active call below a frame, with its places."""
    for index, active in list(frame.active.items()):
        at = At(block, frame, index)
        match active:
            case Call():
                yield [*above, at], active
            case Branch(arm=arm, frame=below):
                yield from active_calls(block.inner[index][arm], below, [*above, at])
            case Loop(round=number, frame=below):
                yield from active_calls(block.inner[index][0], below, [*above, at._replace(member=number)])
            case Fan(frames=frames):
                for member, below in frames.items():
                    yield from active_calls(block.inner[index][0], below, [*above, at._replace(member=member)])
