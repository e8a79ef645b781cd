"""One resource at a time: left alone, made, changed or removed, and remembered."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from econda_adapters.aws.clients import Clients

from econda_infra.apply.kind import Inputs, Kind, Made, WouldLoseData, is_gone
from econda_infra.apply.kinds import KINDS
from econda_infra.apply.saved import Resources, Saved

Report = Callable[[str, str], None]
"""Called with the name of a resource and what was done to it: created, updated, replaced or deleted."""


class NotApplied(RuntimeError):
    """A resource could not be made, changed or removed. The message says which, why, and what to do."""


class Applier:
    """Safe between threads. `report` is called by one thread at a time."""

    def __init__(self, clients: Clients, resources: Resources, report: Report) -> None:
        self._clients, self._resources, self._report = clients, resources, report
        self._lock = threading.Lock()
        self.seen: set[str] = set()

    def apply(self, urn: str, type_: str, name: str, inputs: Inputs) -> Made:
        """Make this resource be there with these inputs. Raises NotApplied."""
        self.seen.add(urn)
        saved, digest = self._resources.get(urn), digest_of(inputs)
        if saved is not None and saved.digest == digest:
            return Made(saved.id, saved.outputs)
        kind = KINDS.get(type_)
        if kind is None:
            raise NotApplied(f"{name}: nothing here can make a {type_}; add it to econda_infra/apply/kinds.py")
        try:
            made, change = self._changed(urn, kind, saved, inputs)
        except (ClientError, BotoCoreError) as error:
            raise _refused(name, type_, "made" if saved is None else "changed", error) from error
        self._resources.put(urn, Saved(type=type_, name=name, id=made.id, digest=digest, outputs=made.outputs))
        self._say(name, type_, change)
        return made

    def _changed(self, urn: str, kind: Kind, saved: Saved | None, inputs: Inputs) -> tuple[Made, str]:
        if saved is None:
            return kind.create(self._clients, inputs), "created"
        old = Made(saved.id, saved.outputs)
        if kind.update is not None:
            try:
                return kind.update(self._clients, old, inputs), "updated"
            except WouldLoseData:
                raise _loses(saved) from None
        if kind.holds_data:
            raise _loses(saved)
        self._remove(urn, saved)
        return kind.create(self._clients, inputs), "replaced"

    def delete_unseen(self) -> None:
        """Remove what no `apply` has asked for, users first. Raises NotApplied."""
        for urn, saved in self._resources.newest_first():
            if urn not in self.seen:
                try:
                    self._remove(urn, saved)
                except (ClientError, BotoCoreError) as error:
                    raise _refused(saved.name, saved.type, "removed", error) from error
                self._say(saved.name, saved.type, "deleted")

    def _remove(self, urn: str, saved: Saved) -> None:
        try:
            KINDS[saved.type].delete(self._clients, Made(saved.id, saved.outputs))
        except ClientError as error:
            if not is_gone(error):
                raise
        self._resources.remove(urn)

    def _say(self, name: str, type_: str, change: str) -> None:
        with self._lock:
            self._report(f"{type_.rpartition(':')[2]} {name}", change)


def digest_of(inputs: Inputs) -> str:
    """Raises TypeError for a value that no resource here has."""
    text = json.dumps(inputs, sort_keys=True, default=_regardless_of_its_place)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _regardless_of_its_place(value: Any) -> str:
    """Of an archive: its resource tells what is in it, and where it lies on this disk changes nothing."""
    if hasattr(value, "path"):
        return ""
    raise TypeError(f"a {type(value).__name__} cannot be an argument of a resource here")


def _loses(saved: Saved) -> NotApplied:
    return NotApplied(
        f"{saved.name}: its settings have changed, which would take making it anew and losing what it "
        "holds. Destroy the whole stack first if that is what you want."
    )


def _refused(name: str, type_: str, what: str, error: Exception) -> NotApplied:
    advice = "run it again: what is there already is kept"
    if "exists" in str(error).lower():
        advice = "something else has made one of that name: remove that, or take another team name"
    elif isinstance(error, BotoCoreError):
        advice = "is the cloud running? Then run it again: what is there already is kept"
    return NotApplied(f"{name} ({type_}) could not be {what}: {error}. What to do: {advice}.")
