"""Machines of managed batch: booted for jobs that fit on none, idle for a while, then gone; or reclaimed with all on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from econda_cloud.simulate.agenda import Agenda
from econda_cloud.simulate.bills import Bill, Instance, Rate, Use

IDLE_MS = 60_000
"""A machine without jobs is given back after so long."""

NOTICE_MS = 120_000
"""So long before a machine is reclaimed, those on it are told."""


@dataclass(frozen=True)
class Shape:
    """Thousandths of cores, bytes of memory and GPUs: what a machine has, or a job reserves of it."""

    cpu_milli: int
    memory: int
    gpu: int = 0

    def share_of(self, whole: Shape) -> Fraction:
        """The largest part of a machine that this reserves, at most all of it."""
        parts = ((self.cpu_milli, whole.cpu_milli), (self.memory, whole.memory), (self.gpu, whole.gpu))
        return min(Fraction(1), max(Fraction(asked, has) for asked, has in parts if has))


@dataclass
class Host:
    """A machine while it is there. `jobs`: what each on it reserves, and what to do when it goes away."""

    instance: Instance
    shape: Shape
    jobs: dict[str, tuple[Use, Shape]] = field(default_factory=dict)
    reclaimed: bool = False

    def has_room(self, job: Shape) -> bool:
        reserved = [shape for _, shape in self.jobs.values()]
        return (
            not self.reclaimed
            and sum(each.cpu_milli for each in reserved) + job.cpu_milli <= self.shape.cpu_milli
            and sum(each.memory for each in reserved) + job.memory <= self.shape.memory
            and sum(each.gpu for each in reserved) + job.gpu <= self.shape.gpu
        )


class Fleet:
    """The machines of all offers, each billed from its boot to its end."""

    def __init__(self, agenda: Agenda, bill: Bill) -> None:
        self._agenda, self._bill = agenda, bill
        self._hosts: dict[str, list[Host]] = {}

    def take(
        self, offer: str, machine: Shape, rate: Rate | None, job: str, chunk: str, needs: Shape, asked_ms: int, boot_ms: int
    ) -> tuple[Host, Use]:  # fmt: skip
        """A place for a job that begins now. A machine that was booted for it began to `boot_ms` ago, but not before
        the job was asked for (`asked_ms`).
        """
        now = self._agenda.now
        host = next((each for each in self._hosts.get(offer, ()) if each.has_room(needs)), None)
        if host is None:
            host = Host(Instance(offer, rate, max(asked_ms, now - boot_ms), now), machine)
            self._bill.instances.append(host.instance)
            self._hosts.setdefault(offer, []).append(host)
        use = Use(offer, chunk, host.instance.rate, now, share=needs.share_of(machine))
        host.instance.uses.append(use)
        host.jobs[job] = (use, needs)
        return host, use

    def leave(self, host: Host, job: str) -> None:
        """A job is over; a machine without any is given back some time later."""
        found = host.jobs.pop(job, None)
        if found is None:
            return
        found[0].ended_ms = self._agenda.now
        if not host.jobs and not host.reclaimed:
            jobs = len(host.instance.uses)
            self._agenda.after(IDLE_MS, "a machine has been idle", lambda: self._give_back(host, jobs))

    def _give_back(self, host: Host, jobs: int) -> None:
        """Unless it had another job since, or is reclaimed."""
        if not host.jobs and len(host.instance.uses) == jobs and not host.reclaimed:
            self._end(host)

    def reclaim(self, host: Host, warn: Callable[[str], None], kill: Callable[[str], None]) -> None:
        """The vendor wants a machine back: its jobs are warned now, and killed when the notice is over."""
        if host.reclaimed or host.instance.ended_ms is not None:
            return
        host.reclaimed = True
        for job in list(host.jobs):
            warn(job)

        def end() -> None:
            for job in list(host.jobs):
                kill(job)
            self._end(host)

        self._agenda.after(NOTICE_MS, "a host goes away", end)

    def _end(self, host: Host) -> None:
        host.instance.ended_ms = self._agenda.now
        self._hosts[host.instance.offer].remove(host)
