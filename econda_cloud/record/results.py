"""The results of a run, read off its log: what a run that follows it need not do again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from econda_edsl.plan import Plan

from econda_cloud.run.advance import apply
from econda_cloud.run.blocks import program_of
from econda_cloud.run.endings import current
from econda_cloud.run.fingerprints import call_causes
from econda_cloud.run.reuse import looking
from econda_cloud.run.state import Call, RunState
from econda_cloud.run.work import Work
from econda_cloud.schedule.results import Result
from econda_cloud.wire.entries import Entry
from econda_cloud.wire.events import AnyEvent, AttemptSucceeded, Item, ResultsFound


def results_of(plan: Plan, entries: Iterable[Entry]) -> list[Result]:
    """Every result that counted in a run, in the order in which they came; handlers' are left out.

    What a call was given stands nowhere but in the state before its end, so the log is folded again.
    """
    program, state, results = program_of(plan), None, list[Result]()
    for entry in entries:
        if state is not None and state.root is not None and not state.handling:
            results += _counted(Work(program, state, state.now), state, entry)
        state = apply(plan, state, entry)
    return results


def _counted(work: Work, state: RunState, entry: Entry) -> Iterator[Result]:
    seen: set[Item] = set()
    for item, outputs, call in _successes(work, entry.events):
        if item in seen:
            continue
        seen.add(item)
        causes = call_causes(work.program.causes(call.task), call.args)
        yield Result(run=state.run, instance=item[0], kept_ms=entry.now, causes=causes, outputs=outputs)


def _successes(work: Work, events: Iterable[AnyEvent]) -> Iterator[tuple[Item, dict[str, Any], Call]]:
    for event in events:
        match event:
            case AttemptSucceeded():
                item = (event.instance, event.attempt)
                found = current(work, item)
                if found is not None and found[0]:
                    yield item, event.outputs, found[1]
            case ResultsFound(results=results):
                for each in results:
                    item = (each.instance, each.attempt)
                    if (found := looking(work, item)) is not None:
                        yield item, each.outputs, found[1]
            case _:
                pass
