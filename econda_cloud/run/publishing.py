"""Where a run publishes its outputs, and what it hears of that. How it has ended stands by then, and stays."""

from __future__ import annotations

from econda_edsl.evaluate import EvaluationError, evaluate
from econda_edsl.words.places import UNKNOWN, fault

from econda_cloud.run.state import RunState
from econda_cloud.run.work import Work
from econda_cloud.wire.events import Published


def begin_publishing(work: Work) -> None:
    """Name the place, of a run that has just succeeded; what its inputs have made of it may be none."""
    state, setting = work.state, work.program.plan.settings.publish
    if setting is None:
        return
    told = {
        "run": state.run,
        "pipeline": work.program.plan.name,
        "namespace": state.namespace,
        "date": work.base["run"]["started_at"][:10],
    }
    try:
        place = str(evaluate(setting, {**told, **state.params}))
        # What was unknown to the compiler is known now.
        wrong = fault(place.replace(UNKNOWN, " "))
    except EvaluationError as error:
        place, wrong = "", str(error)
    if wrong:
        state.published = Published(to=place[:1_000], error=f"outputs cannot be published there: {wrong}")
    else:
        state.publish_to = place


def take_published(state: RunState, event: Published) -> None:
    """The first word counts, unless it was a failure, after which another try has succeeded."""
    before = state.published
    if state.publish_to and (before is None or (before.error and not event.error)):
        state.published, state.published_seq = event, state.seq
