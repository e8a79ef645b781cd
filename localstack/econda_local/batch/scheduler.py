"""Which runnable job starts where: pure, deterministic, first come first served within a queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from econda_local.batch.model import Environment, Job, Queue, Resources

TOO_LARGE = (
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job asks for more than any compute environment of its queue has."
)


@dataclass(frozen=True, slots=True)
class Placement:
    """Start `job` (an id) in the compute environment named `environment`."""

    job: str
    environment: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start now, and the ids of jobs that no compute environment of their queue could ever hold."""

    placements: tuple[Placement, ...]
    too_large: tuple[str, ...]


def plan(
    queues: Iterable[Queue], environments: Mapping[str, Environment], runnable: Mapping[str, Iterable[Job]]
) -> Plan:
    """Place runnable jobs; `runnable` maps a queue's name to its jobs, oldest first.

    Queues are served by falling priority. A job that fits an environment but not at this moment closes it for
    everything behind it, so that small jobs cannot starve a large one; a job that never fits closes nothing.
    """
    room = {name: env.capacity.minus(env.used) for name, env in environments.items() if env.enabled}
    capacity = {name: environments[name].capacity for name in room}
    placements: list[Placement] = []
    too_large: list[str] = []
    for queue in sorted(queues, key=lambda q: (-q.priority, q.name)):
        names = [name for name in queue.environments if name in capacity]
        for job in runnable.get(queue.name, ()):
            if not any(name in room for name in names):
                break
            wants = job.spec.resources
            holding = [name for name in names if wants.within(capacity[name])]
            if not holding:
                too_large.append(job.id)
                continue
            chosen = next((name for name in holding if name in room and wants.within(room[name])), None)
            if chosen is None:
                _close(room, holding)
                continue
            room[chosen] = room[chosen].minus(wants)
            placements.append(Placement(job.id, chosen))
    return Plan(tuple(placements), tuple(too_large))


def _close(room: dict[str, Resources], names: Iterable[str]) -> None:
    for name in names:
        room.pop(name, None)
