"""Where runs are kept: on this machine, and in the stacks deployed from it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from econda_adapters.embedded.holding import is_held
from econda_adapters.embedded.home import Home

from econda_cloud.cli.output import FAILED, USAGE, stop
from econda_cloud.cli.runs.places import embedded_folder, home_folder, usable_folder
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Log
from econda_cloud.ports.run_index import IndexedRun, RunIndex
from econda_cloud.run.advance import apply
from econda_cloud.run.state import RunState
from econda_cloud.schedule.history import Unreadable
from econda_cloud.schedule.run_history import NoPlan, RunHistory, run_log
from econda_cloud.schedule.stored_plans import stored_plan
from econda_cloud.wire.entries import Entry, FromTheFuture, FromThePast, decode_entry
from econda_cloud.wire.events import RunStarted

if TYPE_CHECKING:
    from econda_adapters.aws.deployed import Deployed
    from econda_adapters.aws.team import Team
    from econda_edsl.plan import Plan

    from econda_cloud.cli.stack.submissions import Submission

LOCAL = "this machine"


@dataclass(frozen=True)
class Store:
    """One place with runs. `team` is None for the runs of `econda run`."""

    name: str
    log: Log
    index: RunIndex
    blobs: BlobStore
    team: Team | None = None


class NotShown(Exception):
    """A run of which nothing can be told; the message says what runs it is one of."""


@dataclass(frozen=True)
class Found:
    """One run, its log read. `submitted` is the note of a run that has not begun yet."""

    store: Store
    run: str
    submitted: Submission | None = None

    @cached_property
    def entries(self) -> list[Entry]:
        """Ends the command for a run of another version of econda, which cannot be shown."""
        try:
            return [decode_entry(record) for record in self.store.log.read(run_log(self.run))]
        except (FromThePast, FromTheFuture) as error:
            stop(f"error: {self.run} was {error}; the econda that wrote it shows it", FAILED)
        except msgspec.DecodeError as error:
            stop(f"error: the log of {self.run} is damaged: {error}; the run cannot be shown", FAILED)

    @cached_property
    def _first(self) -> Entry | None:
        """The first record, None if there is none. Raises `FromThePast`, `FromTheFuture`, `msgspec.DecodeError`."""
        return next(map(decode_entry, self.store.log.read(run_log(self.run), most=1)), None)

    @cached_property
    def readable(self) -> bool:
        """Whether this version wrote it, as far as its first record tells."""
        try:
            return self._first is not None
        except (FromThePast, FromTheFuture, msgspec.DecodeError):
            return False

    @property
    def _damaged(self) -> bool:
        try:
            return self._first is None
        except (FromThePast, FromTheFuture):
            return False
        except msgspec.DecodeError:
            return True

    @property
    def planned(self) -> str:
        """The digest of the plan by which it began; empty for a run of another version."""
        try:
            first = self._first
        except (FromThePast, FromTheFuture):
            return ""
        return "" if first is None else next((e.plan for e in first.events if isinstance(e, RunStarted)), "")

    def began(self, at_ms: int) -> bool:
        """Whether it began at this time, as far as this version can read when."""
        try:
            return self._first is not None and self._first.now == at_ms
        except (FromThePast, FromTheFuture, msgspec.DecodeError):
            return True

    @property
    def position(self) -> int:
        """Its place among all runs. Ends the command for a run of another version, or one that has not begun."""
        return IndexedRun(self.namespace, self.run, self.entries[0].now).position

    @property
    def begun(self) -> bool:
        return bool(self.entries)

    @property
    def namespace(self) -> str:
        if not self.begun:
            stop(f"error: {self.run} has not begun yet; `econda watch {self.run}` waits for it", FAILED)
        return next(each.namespace for each in self.entries[0].events if isinstance(each, RunStarted))

    @cached_property
    def plan(self) -> Plan | None:
        """The plan of a run that has begun; None where it is gone or cannot be read."""
        try:
            return stored_plan(self.store.blobs, self.namespace, self.run)
        except NoPlan:
            return None

    def state(self, at: int | None = None) -> RunState:
        """The state after `at` records of the log (all by default): the log folded again."""
        plan, state = stored_plan(self.store.blobs, self.namespace, self.run), None
        for entry in self.entries[:at]:
            state = apply(plan, state, entry)
        if state is None:
            stop(f"error: {self.run} has no state at record {at}", USAGE)
        return state

    @property
    def unfinished(self) -> str:
        """What to call a run that has not ended: nothing carries on one of this machine whose process is gone."""
        return "running" if self.store.team is not None or is_held(embedded_folder(), self.run) else "interrupted"

    @property
    def outputs_folder(self) -> Path | None:
        """Where outputs of a run of this machine lie as files, if they do."""
        folder = embedded_folder() / "runs" / self.run / "outputs"
        return folder if self.store.team is None and folder.is_dir() else None

    def newest(self) -> RunState:
        """Its newest state. Raises `NotShown`."""
        if not self.readable:
            raise NotShown("with a damaged log" if self._damaged else "of another version of econda")
        try:
            state = self.history().refresh()
        except FromTheFuture:
            raise NotShown("of another version of econda") from None
        except NoPlan:
            raise NotShown("whose plan is gone from the bucket") from None
        except Unreadable:
            raise NotShown("with a damaged log") from None
        if state is None:
            raise NotShown("that have not begun")
        return state

    def history(self) -> RunHistory:
        """For its newest state, now or while it goes on: a long log is read from its latest snapshot on."""
        store = self.store
        plans = partial(stored_plan, store.blobs)
        return RunHistory(store.log, plans, self.run, store.blobs)


def embedded_home() -> Home:
    return Home(usable_folder())


def embedded() -> Store:
    home = embedded_home()
    return Store(LOCAL, home.log, home.runs, home.blobs)


def team_store(team: str | None) -> Store:
    """The store of a team: the one named, $ECONDA_TEAM, or the only one there is. Ends the command if there is none."""
    from econda_adapters.aws.clients import Clients
    from econda_adapters.aws.team import Team

    found = _deployed(team)
    made = Team(found.stack, Clients(found.environment))
    return Store(f"team {found.stack.team}", made.log, made.runs, made.blobs, made)


def _deployed(team: str | None) -> Deployed:
    from econda_adapters.aws.deployed import deployed, deployed_teams, team_folder

    home = home_folder()
    known = deployed_teams(home)
    name = team or os.environ.get("ECONDA_TEAM") or (known[0] if len(known) == 1 else None)
    if name is None:
        reason = (
            f"one of {', '.join(known)}; say which with --team" if known else "deployed yet; see `econda up --help`"
        )
        stop(f"error: no team is chosen: {'there are several, ' if known else 'none is '}{reason}", USAGE)
    try:
        found = deployed(name, home=home)
    except (OSError, ValueError) as error:
        folder = team_folder(home, name)
        stop(f"error: what is known of team `{name}`, in {folder}, cannot be read: {error}; `econda up --team {name}` writes it anew", USAGE)  # fmt: skip
    if found is None:
        stop(f"error: team `{name}` is not deployed from here; `econda up --team {name}` does that", USAGE)
    return found


def stores(team: str | None) -> list[Store]:
    """Where to look for runs: the team's stack if one is named, else this machine and every stack that answers."""
    if team is not None:
        return [team_store(team)]
    here = embedded()
    # Most machines have deployed none, and then nothing of a cloud is loaded.
    if not (home_folder() / "teams").is_dir():
        return [here]
    from econda_adapters.aws.deployed import deployed_teams

    teams = [team_store(name) for name in deployed_teams(home_folder())]
    return [here, *(store for store in teams if _answers(store))]


def _answers(store: Store) -> bool:
    """A local cloud that was stopped leaves its stacks' files behind; their runs are gone."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        store.log.read("run/")
    except (BotoCoreError, ClientError):
        return False
    return True
