"""A gateway on memory ports, and workers that speak to it without a network."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from econda_edsl.plan import Inline

from econda_cloud.gateway.assigning import Assigner
from econda_cloud.gateway.gateway import Gateway, Ports
from econda_cloud.gateway.own_links import OwnLinks
from econda_cloud.gateway.requests import Request
from econda_cloud.gateway.tokens import Key, KeyRing, Tokens
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.ports.queue import MemoryQueue
from econda_cloud.ports.roles import NoRoles
from econda_cloud.ports.secrets import SecretUnavailable
from econda_cloud.schedule.messages import read_message
from econda_cloud.wire.chunk import Chunk, WorkItem, WorkTask


class NamedSecrets:
    """Secrets of one namespace, by name."""

    def __init__(self, namespace):
        self.namespace = namespace

    def get(self, reference):
        if reference["name"] == "none":
            raise SecretUnavailable("the secret `none` is not there")
        return f"{reference['name']} of {self.namespace}"


class Counted:
    """A port that counts what is asked of it."""

    def __init__(self, port):
        self._port, self.asked = port, 0

    def __getattr__(self, name):
        self.asked += 1
        return getattr(self._port, name)


class Stand:
    """The gateway, all that it stands on, and the trusted side that makes assignments."""

    def __init__(self):
        self.now, self.ring = 1_000_000, KeyRing((Key(id="k1", secret=b"1" * 32),))
        self.log, self.blobs, self.queue = Counted(MemoryLog()), Counted(MemoryBlobs()), Counted(MemoryQueue())
        self.tokens = Tokens(lambda: self.ring)
        self.gateway = self.another()

    def another(self, after_report=None, blobs=None, roles=None):
        """A further process of the gateway, which remembers nothing."""
        ports = Ports(self.log, blobs or self.blobs, self.queue, OwnLinks(self.tokens), NamedSecrets, lambda: self.now,
                      roles or NoRoles())  # fmt: skip
        return Gateway(ports, self.tokens, after_report)

    def assign(self, chunk, **settings):
        assigner = Assigner("http://gateway", self.tokens, self.blobs._port)
        return assigner.assign(chunk, self.now, **{"inline": True, "lone": True, **settings})

    def asked(self):
        return self.log.asked + self.blobs.asked + self.queue.asked

    def events(self):
        """(group, event) of all that was sent."""
        found = []
        for message in self.queue._port.receive():
            group = self.queue._port._groups[message.receipt]
            found += [(group, event) for event in read_message(message.body, self.blobs).events]
        return found


class Peer:
    """A worker, or whoever holds its token."""

    def __init__(self, stand, assignment=None, owner="me"):
        self.stand, self.owner, self.gateway = stand, owner, stand.gateway
        self.assignment, self.token = assignment, assignment.token if assignment else ""

    def ask(self, path, **body):
        """Status and answer. Raw texts may stand in the body as bytes."""
        request = Request("POST", path, {}, {"authorization": f"Bearer {self.token}"}, encoded(body))
        response = self.gateway.handle(request)
        return response.status, json.loads(response.body)

    def claim(self, index=None, **more):
        document = (
            {} if bytes(self.assignment.document) == b"null" else {"document": msgspec.Raw(self.assignment.document)}
        )
        about = {"chunk": self.assignment.chunk, "namespace": self.assignment.namespace, "owner": self.owner,
                 "handle": f"job of {self.owner}", "index": index, **document, **more}  # fmt: skip
        status, answer = self.ask("/v1/claim", **about)
        if status == 200:
            self.token = answer["token"]
        return status, answer

    def beat(self, **body):
        status, answer = self.ask("/v1/heartbeat", **{"alive": True, **body})
        if status == 200:
            self.token = answer["token"]
        return status, answer

    def report(self, *events, **more):
        raw = msgspec.Raw(events[0] if events and isinstance(events[0], bytes) else msgspec.json.encode(list(events)))
        return self.ask("/v1/report", events=raw, **more)

    def get(self, link):
        return self._link("GET", link, b"")

    def put(self, link, data: bytes | Path):
        return self._link("PUT", link, data)

    def _link(self, method, link, data):
        path, _, query = link["url"].partition("?")
        leave = query.removeprefix("leave=")
        return self.gateway.handle(Request(method, path, {"leave": leave}, {}, data))


def encoded(body):
    return body["raw"] if "raw" in body else msgspec.json.encode(body)


def chunk_of(*items, id="r.1", run="r", namespace="n", runs=None, **task):
    about = {"name": "t", "run": runs or Inline(language="python", body="y = 1"), "outputs": {"y": "Int"}, **task}
    items = items or (WorkItem(instance="p/a", attempt=1),)
    return Chunk(id=id, run=run, namespace=namespace, task=WorkTask(**about), items=items)
