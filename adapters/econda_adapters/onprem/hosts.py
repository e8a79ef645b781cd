"""The pool driver onprem.ssh: plain hosts, over SSH. A job is a folder there, and outlives the connection.

Nothing is installed on a host but what the pool's `command` needs. The driver reserves what the pool declares; what
else runs on a host it does not see. Not for use inside an event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from econda_adapters.onprem.declared import Host, HostsTarget, declared
from econda_adapters.onprem.host_side import JOB, SIZES
from econda_adapters.onprem.site import Site
from econda_cloud.money.prices import Price
from econda_cloud.ports.pool import (
    Answer,
    ByNode,
    Capabilities,
    Capacity,
    Gone,
    JobState,
    Later,
    PoolUnavailable,
    Refused,
    Submission,
    Targets,
    Unknown,
)  # fmt: skip


class HostsPool:
    """Handles are `host/folder`. A host that is no longer declared is gone, and its jobs with it."""

    def __init__(self, targets: Targets) -> None:
        self._hosts: dict[str, tuple[Host, HostsTarget]] = {}
        for target in map(declared, targets.values()):
            self._learn(target)

    def capabilities(self) -> Capabilities:
        return Capabilities(kinds=("python", "shell", "environment"), idempotent=True)

    def capacity(self, targets: Targets) -> dict[str, Capacity]:
        found = {offer: declared(raw) for offer, raw in targets.items()}
        names = {host.name for target in found.values() for host in self._learn(target)}
        sites = asyncio.run(self._told({name: {} for name in names}))
        return {offer: _capacity(target, sites) for offer, target in found.items()}

    def prices(self, targets: Targets) -> dict[str, Price]:
        """Nobody but the team knows what its machines cost: what the pool declares stands."""
        return dict.fromkeys(targets, Price(known=False))

    def submit(self, batch: Sequence[Submission]) -> list[Answer]:
        answers: dict[str, Answer] = {}
        wanted: dict[str, tuple[Submission, HostsTarget]] = {}
        for each in batch:
            target = declared(each.target)
            self._learn(target)
            if isinstance(target, HostsTarget) and not (why := _never(each, target)):
                wanted[_folder(each)] = each, target
            else:
                answers[_folder(each)] = Refused(target if isinstance(target, str) else why)
        if wanted:
            answers |= asyncio.run(self._submit(wanted))
        return [answers[_folder(each)] for each in batch]

    def describe(self, handles: Sequence[str]) -> list[JobState]:
        jobs = [handle.partition("/")[::2] for handle in handles]
        asked = {name: [folder for at, folder in jobs if at == name] for name, _ in jobs if name in self._hosts}
        sites = asyncio.run(self._told({name: {"tell": folders} for name, folders in asked.items()}))
        return [sites[name].state(folder) if name in sites else Gone() for name, folder in jobs]

    def cancel(self, handle: str, members: Sequence[int] | None = None) -> None:
        name, _, folder = handle.partition("/")
        if name in self._hosts and members is None:
            site = asyncio.run(self._told({name: {"cancel": [folder]}}))[name]
            if site.trouble:
                raise PoolUnavailable(site.trouble)

    def _learn(self, target: HostsTarget | str) -> tuple[Host, ...]:
        hosts = () if isinstance(target, str) else target.hosts
        self._hosts |= {host.name: (host, target) for host in hosts if isinstance(target, HostsTarget)}
        return hosts

    async def _told(self, requests: Mapping[str, dict[str, Any]]) -> dict[str, Site]:
        async with AsyncExitStack() as stack:
            return await self._sites(stack, requests)

    async def _sites(self, stack: AsyncExitStack, requests: Mapping[str, dict[str, Any]]) -> dict[str, Site]:
        """These hosts, each with its jobs or its trouble, connected until the stack is left."""
        sites = {name: Site(*self._hosts[name]) for name in requests}
        await asyncio.gather(*(site.survey(stack, requests[name]) for name, site in sites.items()))
        return sites

    async def _submit(self, wanted: Mapping[str, tuple[Submission, HostsTarget]]) -> dict[str, Answer]:
        async with AsyncExitStack() as stack:
            names = {host.name for _, target in wanted.values() for host in target.hosts}
            sites = await self._sites(stack, {name: {} for name in names})
            answers = {job: site.taken(job) for site in sites.values() for job in wanted if job in site.jobs}
            while left := [job for job in wanted if job not in answers]:
                plan: dict[str, list[dict[str, Any]]] = {}
                for job in left:
                    submission, target = wanted[job]
                    among = [sites[host.name] for host in target.hosts]
                    free = [site for site in among if site.has_room(submission)]
                    if free:
                        site = max(free, key=Site.free_share)
                        plan.setdefault(site.host.name, []).append(site.reserved(job, submission, target))
                    else:
                        answers[job] = Later("; ".join(site.trouble or f"{site.host.name}: full" for site in among))
                # Each round answers for all that it hands over, or leaves a host in trouble.
                for done in await asyncio.gather(*(sites[name].begin(jobs) for name, jobs in plan.items())):
                    answers |= done
        return answers


def driver(targets: Targets, clients: object) -> HostsPool:
    """Handles lead to hosts by the pool's targets; nothing of a cloud is needed."""
    del clients
    return HostsPool(targets)


def _never(submission: Submission, target: HostsTarget) -> str:
    """Why no host will ever take it, or ""."""
    if submission.image is not None:
        return "plain hosts run no images"
    if any(all(getattr(submission, size) <= getattr(host, size) for size in SIZES) for host in target.hosts):
        return ""
    return f"no host of {submission.offer} has the cores, the memory and the GPUs for it"


def _folder(submission: Submission) -> str:
    """The same for the same chunk, another one for any other chunk of any namespace."""
    identity = "\0".join((submission.namespace, submission.run, submission.chunk)).encode()
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", submission.chunk)[:80]
    return f"{JOB}{readable}-{hashlib.sha256(identity).hexdigest()[:20]}"


def _capacity(target: HostsTarget | str, sites: Mapping[str, Site]) -> Capacity:
    if isinstance(target, str):
        return Unknown(target)
    mine = [sites[host.name] for host in target.hosts]
    return ByNode(tuple(s.room() for s in mine if not s.trouble), tuple(s.trouble for s in mine if s.trouble))
