"""Results that are kept: by what they depend on, for every later run; and those of the one run that is followed.

cache/<namespace>/results/<key>.json      a result by the key of its causes
cache/<namespace>/latest/<pipeline>/…     what the last result of an instance depended on, to say what has changed
runs/<namespace>/<run>/earlier.json.z     the results of the run that this one follows
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec
from econda_edsl.plan import Plan

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.run.fingerprints import Causes, changed, key_of
from econda_cloud.run.reuse import Wanted, wanted
from econda_cloud.run.state import RunState
from econda_cloud.wire.commands import Keep, LookUp
from econda_cloud.wire.events import AnyEvent, Found, Item, ResultsFound, ResultsMissing
from econda_cloud.wire.keys import run_prefix

Spread: TypeAlias = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""How many requests are made: `map`, or the map of threads where each takes its time."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What an instance of a run gave, and what it depended on. `kept_ms`: when that was, in ms since the epoch."""

    run: str
    instance: str
    kept_ms: int
    causes: Causes
    outputs: dict[str, Any]


class _Latest(msgspec.Struct, frozen=True):
    run: str
    causes: Causes


class Earlier:
    """The results of the run that another one follows, by key and by instance."""

    def __init__(self, results: Iterable[Result]) -> None:
        self.by_key: dict[str, Result] = {}
        self.by_instance: dict[str, Result] = {}
        for result in results:
            self.by_key[key_of(result.causes)] = result
            self.by_instance[result.instance] = result


def earlier_key(namespace: str, run: str) -> str:
    return f"{run_prefix(namespace, run)}/earlier.json.z"


def write_earlier(blobs: BlobStore, namespace: str, run: str, results: Sequence[Result]) -> None:
    """Hand a run the results of the one that it follows, before it starts."""
    blobs.put(earlier_key(namespace, run), zlib.compress(msgspec.json.encode(results), 1))


class Results:
    """The results kept in a blob store."""

    def __init__(self, blobs: BlobStore, spread: Spread = map) -> None:
        self._blobs, self._spread = blobs, spread
        self._earlier = lru_cache(maxsize=8)(self._read_earlier)

    def look_up(self, plan: Plan, state: RunState, commands: Sequence[LookUp]) -> list[AnyEvent]:
        """Answers for every call that still looks. The age of a result is told by the run's own clock."""
        asked = wanted(plan, state, (item for command in commands for item in command.items))
        answers = list(self._spread(lambda each: self._answer(plan, state, each), asked))
        found = tuple(answer for answer in answers if isinstance(answer, Found))
        missing: dict[str, list[Item]] = {}
        for each, answer in zip(asked, answers, strict=True):
            if isinstance(answer, str):
                missing.setdefault(answer, []).append(each.item)
        events: list[AnyEvent] = [ResultsFound(results=found)] if found else []
        return events + [ResultsMissing(items=tuple(items), reason=reason) for reason, items in missing.items()]

    def keep(self, plan: Plan, state: RunState, commands: Sequence[Keep]) -> None:
        """Keep results for later runs; a result with the same causes takes the place of an older one."""
        results = [
            Result(run=state.run, instance=kept.instance, kept_ms=state.now, causes=kept.causes, outputs=kept.outputs)
            for command in commands
            for kept in command.results
        ]
        for _ in self._spread(lambda result: self._put(state.namespace, plan.name, result), results):
            pass

    def _put(self, namespace: str, pipeline: str, result: Result) -> None:
        self._blobs.put(_result_key(namespace, key_of(result.causes)), msgspec.json.encode(result))
        latest = _Latest(result.run, result.causes)
        self._blobs.put(_latest_key(namespace, pipeline, result.instance), msgspec.json.encode(latest))

    def _answer(self, plan: Plan, state: RunState, each: Wanted) -> Found | str:
        """The result for a call, or why there is none."""
        reasons = []
        for result in self._candidates(state, each):
            if each.max_age_ms is not None and state.now - result.kept_ms > each.max_age_ms:
                reasons.append(f"the result of {result.run} is older than its `cache` allows")
            elif gone := next((key for key in _artifacts(result.outputs) if not self._blobs.exists(key)), None):
                reasons.append(f"the result of {result.run} is not whole any more: {gone} is gone")
            else:
                return Found(instance=each.item[0], attempt=each.item[1], outputs=result.outputs, run=result.run,
                             source=result.instance)  # fmt: skip
        return reasons[0] if reasons else self._what_changed(plan, state, each)

    def _candidates(self, state: RunState, each: Wanted) -> Iterator[Result]:
        if each.earlier and (result := self._earlier(state.namespace, state.run).by_key.get(each.key)) is not None:
            yield result
        if each.cached and (data := self._get(_result_key(state.namespace, each.key))) is not None:
            yield msgspec.json.decode(data, type=Result)

    def _what_changed(self, plan: Plan, state: RunState, each: Wanted) -> str:
        before: Result | _Latest | None = None
        if each.earlier:
            before = self._earlier(state.namespace, state.run).by_instance.get(each.item[0])
        if before is None and each.cached:
            data = self._get(_latest_key(state.namespace, plan.name, each.item[0]))
            before = msgspec.json.decode(data, type=_Latest) if data is not None else None
        if before is None:
            return "it has not run before"
        causes = changed(each.causes, before.causes)
        told = ", ".join(causes) if causes else "nothing that is known, but its result is not kept"
        return f"changed since {before.run}: {told}"

    def _get(self, key: str) -> bytes | None:
        try:
            return self._blobs.get(key)
        except KeyError:
            return None

    def _read_earlier(self, namespace: str, run: str) -> Earlier:
        data = self._get(earlier_key(namespace, run))
        return Earlier(msgspec.json.decode(zlib.decompress(data), type=list[Result]) if data else ())


def _artifacts(value: Any) -> Iterator[str]:
    """The blob keys of all artifacts in a value."""
    if isinstance(value, dict):
        about = value.get("$artifact")
        if isinstance(about, dict):
            yield str(about["key"])
        else:
            for each in value.values():
                yield from _artifacts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _artifacts(each)


def _result_key(namespace: str, key: str) -> str:
    return f"cache/{namespace}/results/{key[:2]}/{key}.json"


def _latest_key(namespace: str, pipeline: str, instance: str) -> str:
    name = hashlib.sha256(instance.encode()).hexdigest()[:32]
    return f"cache/{namespace}/latest/{pipeline}/{name}.json"
