"""Finding a run by what people call it: its name, the start of it, or `last`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from econda_cloud.cli.output import NO_SUCH_RUN, stop
from econda_cloud.cli.runs.listing import begun, listed
from econda_cloud.cli.runs.places import home_folder
from econda_cloud.cli.runs.stores import Found, Store, stores


def find_run(name: str, team: str | None, places: Sequence[Store] | None = None) -> Found:
    """A run in `places` (by default, wherever there may be any) by its name, the start of it that only one run has, or `last`. Ends the command if there is none."""
    places = stores(team) if places is None else places
    waiting = [found for store in places for found in _not_begun(store)]
    if name == "last" and (found := _last(places, waiting)):
        return found
    exact = [Found(store, name) for store in places if store.log.read(f"run/{name}", most=1)]
    if exact:
        return exact[0]
    # One that waited a moment ago may have begun since.
    known = {(each.store.name, each.run): each for each in waiting if each.run.startswith(name)}
    known |= {(store.name, run.run): Found(store, run.run) for store, run in listed(places) if run.run.startswith(name)}
    if len(known) != 1:
        reason = "several runs start so" if known else "there is none"
        stop(f"error: no run `{name}`: {reason}; `econda runs` lists them", NO_SUCH_RUN)
    return next(iter(known.values()))


def first_begun(store: Store, runs: Iterable[str]) -> Found | None:
    """The first of these that has begun, and that this version can read."""
    return next((found for run in runs if (found := Found(store, run)).readable), None)


def last_of_plan(store: Store, pipeline: str, digest: str) -> Found | None:
    """The run that began last by a plan with this digest."""
    for found, run in begun([store]):
        if run.run.rpartition("-")[0] == pipeline and found.readable and found.planned == digest:
            return found
    return None


def _last(places: Sequence[Store], waiting: Sequence[Found]) -> Found | None:
    """What began, or was submitted, last."""
    known = [(found.submitted.at_ms, found) for found in waiting if found.submitted]
    newest = next(((run.started_ms, found) for found, run in begun(places) if found.readable), None)
    if newest is not None:
        known.append(newest)
    return max(known, key=lambda each: each[0])[1] if known else None


def _not_begun(store: Store) -> list[Found]:
    """Runs submitted to a stack that it has not begun yet; notes of those that it has are dropped."""
    if store.team is None:
        return []
    from econda_cloud.cli.stack.submissions import forget_submission, submissions

    home, team, found = home_folder(), store.team.stack.team, []
    for each in submissions(home, team):
        if store.log.read(f"run/{each.run}", most=1):
            forget_submission(home, team, each.run)
        else:
            found.append(Found(store, each.run, each))
    return found
