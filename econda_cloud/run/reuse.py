"""Which calls may use results that are there already, and what is kept of those that ran."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from econda_edsl.plan import AnyNode, Cache, Plan
from econda_edsl.plan import Call as CallNode

from econda_cloud.run.blocks import program_of
from econda_cloud.run.fingerprints import Causes, cache_of, call_causes, key_of
from econda_cloud.run.paths import step_path
from econda_cloud.run.state import Call, RunState, ToKeep
from econda_cloud.run.work import At, Work
from econda_cloud.wire.commands import Kept
from econda_cloud.wire.events import Item


@dataclass(frozen=True)
class Wanted:
    """A call that looks for a result. `cached`: among those kept by any run, if not older than `max_age_ms`;
    `earlier`: among those of the run that this one follows."""

    item: Item
    key: str
    causes: Causes
    cached: bool
    max_age_ms: int | None
    earlier: bool


def may_reuse(work: Work, places: list[At], node: CallNode) -> bool:
    """Whether a call is to look before it runs: its task has a `cache`, or the run follows an earlier one.

    Handlers follow none: what they do about a failure is to be done about this one. `cache = none` always runs.
    """
    cache = _cache(work, node)
    if cache is not None and not cache.use:
        return False
    fresh = bool(work.state.fresh) and step_path(work.instance(places)) in work.state.fresh
    return not fresh and (cache is not None or _follows(work.state))


def caches(work: Work, places: list[At]) -> bool:
    """Whether the result of a call is kept for others."""
    cache = _cache(work, places[-1].node)
    return cache is not None and cache.use


def keep(work: Work, places: list[At], call: Call, outputs: dict[str, Any]) -> None:
    """Note a result for later runs, if its task has a `cache`."""
    cache = _cache(work, places[-1].node)
    if cache is not None and cache.use:
        causes = call_causes(work.program.causes(call.task), call.args)
        kept = Kept(instance=work.instance(places), causes=causes, outputs=outputs)
        work.state.kept.append(ToKeep(work.state.seq, kept))


def wanted(plan: Plan, state: RunState, items: Iterable[Item]) -> list[Wanted]:
    """What these calls look for; those that do not look any more are left out."""
    work, found = Work(program_of(plan), state, state.now), list[Wanted]()
    for item in items:
        looks = looking(work, item)
        if looks is None:
            continue
        places, call = looks
        cache = _cache(work, places[-1].node)
        causes = call_causes(work.program.causes(call.task), call.args)
        age = None if cache is None else cache.max_age_ms
        found.append(Wanted(item, key_of(causes), causes, cache is not None, age, _follows(state)))
    return found


def looking(work: Work, item: Item) -> tuple[list[At], Call] | None:
    """The call that looks for a result under this name, or None."""
    found = work.locate(item[0])
    return found if found is not None and found[1].phase == "looking" and found[1].attempt == item[1] else None


def _follows(state: RunState) -> bool:
    return bool(state.reuse) and not state.handling


def _cache(work: Work, node: AnyNode) -> Cache | None:
    assert isinstance(node, CallNode)
    return cache_of(work.program.plan.tasks[node.task], node.overrides)
