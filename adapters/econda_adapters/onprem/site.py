"""One host of onprem.ssh while it is spoken to."""

from __future__ import annotations

import asyncio
import base64
import json
import shlex
import signal
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from econda_edsl.plan import FailureKind

from econda_adapters.onprem.declared import Host, HostsTarget
from econda_adapters.onprem.host_side import BEGUN, SIZES, THERE, over
from econda_cloud.ports.pool import (
    Accepted,
    Answer,
    Ended,
    Gone,
    JobState,
    Later,
    NodeRoom,
    Running,
    Submission,
    Unknown,
    job_limit_ms,
)  # fmt: skip

if TYPE_CHECKING:
    import asyncssh

PROGRAM = Path(__file__).with_name("host_side.py").read_text("utf-8")
BOOT = 'import json,sys;p,r=json.load(sys.stdin);n={"__name__":"econda"};exec(p,n);print(json.dumps(n["answer"](r)))'
"""Without a quote that a login shell of whatever kind would take for its own."""

CONNECT_S, ANSWER_S = 10, 30


class Away(Exception):
    """A host cannot be reached, or cannot do what it is asked to."""


class Site:
    """A host that is spoken to. `trouble`: why it takes nothing now, or ""."""

    def __init__(self, host: Host, target: HostsTarget) -> None:
        self.host, self.target, self.trouble = host, target, ""
        self.jobs: dict[str, dict[str, Any]] = {}

    async def survey(self, stack: AsyncExitStack, request: dict[str, Any]) -> None:
        try:
            self._connection = await stack.enter_async_context(await connected(self.host))
            self.jobs = (await self._ask(request))["jobs"]
        except Away as error:
            self.trouble = f"{self.host.name}: {error}"

    async def begin(self, jobs: Sequence[dict[str, Any]]) -> dict[str, Answer]:
        """Answers for those that need not be tried elsewhere."""
        try:
            begun = (await self._ask({"begin": jobs}))["begun"]
        except Away as error:
            # It may have begun them: then the next try finds them here.
            self.trouble = f"{self.host.name}: {error}"
            return {job["name"]: Later(self.trouble) for job in jobs}
        for outcome in set(begun.values()) - {BEGUN, THERE}:
            self.trouble = f"{self.host.name}: {outcome}"
        return {job: self.taken(job) for job, outcome in begun.items() if outcome in (BEGUN, THERE)}

    def taken(self, folder: str) -> Answer:
        return Accepted(f"{self.host.name}/{folder}")

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        sizes = {size: getattr(self.host, size) for size in SIZES}
        full = {**request, "scratch": self.host.scratch, "keep_ms": self.target.keep_ms, "host": sizes}
        try:
            run = self._connection.run(
                f"{self.host.python} -c {shlex.quote(BOOT)}", input=json.dumps([PROGRAM, full]), errors="replace"
            )
            done = await asyncio.wait_for(run, ANSWER_S)
        except Exception as error:
            raise Away(f"the connection was lost: {error or type(error).__name__}") from None
        try:
            # What a shell says when it starts comes before.
            return json.loads(str(done.stdout).strip().rpartition("\n")[2])
        except ValueError:
            said = str(done.stderr).strip().rpartition("\n")[2]
            raise Away(said or f"{self.host.python} ended with {done.returncode} and said nothing") from None

    def free(self, size: str) -> int:
        return getattr(self.host, size) - sum(job[size] for job in self.jobs.values() if not over(job))

    def free_share(self) -> float:
        return self.free("cpu_milli") / self.host.cpu_milli

    def has_room(self, submission: Submission) -> bool:
        return not self.trouble and all(getattr(submission, size) <= self.free(size) for size in SIZES)

    def reserved(self, folder: str, submission: Submission, target: HostsTarget) -> dict[str, Any]:
        """What the host is told of a job, counted as one of its own from now on."""
        sizes = {size: getattr(submission, size) for size in SIZES}
        limit = job_limit_ms(submission, array=False)
        self.jobs[folder] = {**sizes, "watched": True}
        return {
            **sizes,
            "name": folder,
            "command": target.command,
            "assignment": base64.b64encode(submission.assignment).decode(),
            "limit_s": None if limit is None else limit / 1000,
            "grace_s": target.grace_ms / 1000,
        }

    def room(self) -> NodeRoom:
        whole = {size: getattr(self.host, size) for size in SIZES}
        return NodeRoom(name=self.host.name, **whole, **{f"free_{size}": self.free(size) for size in SIZES})

    def state(self, folder: str) -> JobState:
        job = self.jobs.get(folder)
        if self.trouble:
            return Unknown(self.trouble)
        if job is None:
            return Gone()
        if not over(job):
            return Running(job["started_ms"])
        failure, message = _failure(job)
        return Ended(failure, f"{self.host.name}: {message}" if message else "", job["started_ms"], job.get("ended_ms"))


def _failure(job: Mapping[str, Any]) -> tuple[FailureKind | None, str]:
    if "ended_ms" not in job:
        return "lost", "the host was restarted, or what watched the job was killed"
    code, words = job["code"], job["words"]
    if code is None:
        return "failed", words
    if code == 0:
        return None, ""
    how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    message = f"{how}: {words}" if words else how
    if job["why"]:
        return (
            ("failed", "cancelled by econda")
            if job["why"] == "cancelled"
            else ("timed_out", f"its limit was reached; {message}")
        )
    return "out_of_memory" if job["out_of_memory"] else "lost", message


async def connected(host: Host) -> asyncssh.SSHClientConnection:
    """Raises `Away`. A key that is not the declared one is never accepted."""
    try:
        import asyncssh
    except ModuleNotFoundError:
        raise Away('asyncssh is not installed here: `pip install "econda-cloud[onprem]"`') from None
    try:
        known = ([asyncssh.import_public_key(host.host_key)], [], []) if host.host_key else host.known_hosts
        return await asyncssh.connect(
            host.address, host.port, username=host.user, client_keys=[host.identity], known_hosts=known,
            config=None, agent_path=None, preferred_auth="publickey", connect_timeout=CONNECT_S, login_timeout=CONNECT_S,
        )  # fmt: skip
    except asyncssh.HostKeyNotVerifiable:
        where = "`host_key`" if host.host_key else host.known_hosts
        raise Away(
            f"its key is not the one declared in {where}, and it was told nothing. If it was installed anew, declare "
            f"the key that `ssh-keyscan -p {host.port} {host.address}` tells; if not, somebody else answers there"
        ) from None
    except asyncssh.PermissionDenied:
        raise Away(f"it does not let {host.user} in with the key {host.identity}") from None
    except (OSError, ValueError, asyncssh.Error) as error:
        raise Away(f"it cannot be reached: {error or type(error).__name__}") from None
