"""Equal calls of one run whose results are kept: one is tried, and the others take what it gives."""

from __future__ import annotations

from econda_cloud.run.endings import prepare_or_fail
from econda_cloud.run.expand import drain, finish_node
from econda_cloud.run.fingerprints import call_causes, key_of
from econda_cloud.run.reuse import caches, looking
from econda_cloud.run.state import Call, Leading
from econda_cloud.run.work import At, Work
from econda_cloud.wire.entries import SHARES_RESULTS, Joined
from econda_cloud.wire.events import Item

KEY = 32
"""Hex digits of a key that tell calls of one run apart."""


def begin_or_join(work: Work, places: list[At], call: Call) -> None:
    """No result is there: the call is tried, or waits for an equal one that is being tried."""
    if work.engine < SHARES_RESULTS or not caches(work, places):
        prepare_or_fail(work, places, call)
        return
    state, instance = work.state, work.instance(places)
    key = key_of(call_causes(work.program.causes(call.task), call.args))[:KEY]
    leader = work.choices.make(Joined, lambda: Joined(instance, state.leads.get(key, ""))).leader
    if leader in state.leading:
        state.leading[leader].waiting.append((instance, call.attempt))
        return
    state.leads[key], state.leading[instance] = instance, Leading(key)
    prepare_or_fail(work, places, call)


def settle(work: Work) -> None:
    """Begin what can begin now, and give on the results of calls that are over to those that waited for them."""
    drain(work)
    state = work.state
    while work.over:
        over, work.over = work.over, []
        if state.ending is not None or state.outcome is not None:
            # What waits is stopped as well.
            state.leads.clear()
            state.leading.clear()
            return
        for instance, outputs in over:
            leading = state.leading.pop(instance, None)
            if leading is not None:
                state.leads.pop(leading.key, None)
                for item in leading.waiting:
                    _release(work, item, outputs)
        drain(work)


def _release(work: Work, item: Item, outputs: dict[str, object] | None) -> None:
    """The call that this one waited for is over: it takes its result, or is tried itself."""
    looks = looking(work, item)
    if looks is None:
        return
    places, call = looks
    if outputs is None:
        begin_or_join(work, places, call)
        return
    work.state.counts.succeeded += 1
    work.state.counts.reused += 1
    finish_node(work, places, {places[-1].node.id: outputs})
