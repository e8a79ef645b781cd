"""A chain in the virtual AWS: the deployed scheduler, broker and gateway with the latencies of `bench.team`.

The worker is played: it claims, and reports over the gateway's address, whose function is warm. What the code uses of the
processor is measured and charged. Timers do not ring here; no link waits for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from econda_adapters.aws.going_on import GoingOn

from bench.shapes import chain
from bench.team import LATENCY, TOKENS, World
from econda_cloud.gateway.gateway import Gateway, Ports
from econda_cloud.gateway.own_links import OwnLinks
from econda_cloud.gateway.requests import Request
from econda_cloud.ports.queue import MemoryQueue
from econda_cloud.ports.secrets import LocalSecrets
from econda_cloud.wire import worker_protocol as protocol
from econda_cloud.wire.assignment import Assignment, decode_assignment
from econda_cloud.wire.chunk import decode_chunk
from econda_cloud.wire.events import AttemptSucceeded

T = TypeVar("T")

URL_MS = 12.0
"""To a warm function by its address and back, beside what the function does: the middle of the 10 to 15 ms that are
commonly told of small answers within a region."""

WORK_MS = 5.0


class ChainWorld(World):
    """One run of a chain; `gaps`: ms from the end of each link to the start of the next that went on in its place."""

    def __init__(self, links: int) -> None:
        super().__init__(runs=1, schedulers=2, text=chain(links), width=links)
        ports = Ports(log=self.log, blobs=self.blobs, events=_Events(self), links=OwnLinks(TOKENS),
                      secrets=lambda _: LocalSecrets({}), clock=self.time.clock)  # fmt: skip
        self._gateway = Gateway(ports, TOKENS, GoingOn(self.log, self.blobs))
        self.gaps: list[float] = []

    def invoked(self, payload: bytes) -> None:
        self.time.after(LATENCY["deliver"], lambda: self._work(decode_assignment(payload)))

    def _work(self, given: Assignment) -> None:
        document = given.document
        claim = protocol.Claim(
            chunk=given.chunk, namespace=given.namespace, owner=given.chunk, handle="fn", document=document
        )
        token = self._ask("/v1/claim", given.token, claim, protocol.Claimed).token
        while True:
            [item] = decode_chunk(bytes(document)).items
            started = self.time.clock()
            self.time.wait(WORK_MS)
            ended, began = self.time.clock(), self.time.now
            self.ended += 1
            done = AttemptSucceeded(instance=item.instance, attempt=item.attempt, outputs={"y": item.args["x"] + 1},
                                    started_ms=started, ended_ms=ended)  # fmt: skip
            report = protocol.SendReport(events=msgspec.Raw(msgspec.json.encode([done])), document=document, last=True,
                                         may_go_on=True)  # fmt: skip
            following = self._ask("/v1/report", token, report, protocol.Reported).next
            if following is None:
                return
            self.gaps.append(self.time.now - began)
            token, document = following.token, following.document

    def _ask(self, path: str, token: str, body: protocol.Body, kind: type[T]) -> T:
        self.time.wait(URL_MS)
        request = Request("POST", path, {}, {"authorization": f"Bearer {token}"}, msgspec.json.encode(body))
        response = self._gateway.handle(request)
        assert response.status == 200, response.body
        assert isinstance(response.body, bytes)
        return msgspec.json.decode(response.body, type=kind)


class _Events(MemoryQueue):
    """The queue of events, as the gateway sends to it."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def send(self, bodies: Sequence[str], *, group: str = "", **_: Any) -> None:
        self._world.time.wait(LATENCY["send"])
        for body in bodies:
            self._world.send("events", group, body)


def gaps(links: int) -> list[float]:
    """Ms between the end of each link and the start of the one that follows in its place."""
    world = ChainWorld(links)
    world.play()
    return world.gaps
