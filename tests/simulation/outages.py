"""Services that answer nothing for a while: one, some, or all of them at once."""

from __future__ import annotations

from econda_cloud.simulate.agenda import Agenda
from econda_cloud.simulate.chance import Chance
from econda_cloud.simulate.stores import Throttled

SERVICES = {
    "DynamoDB": ("append ", "read "),
    "S3": ("put ", "get "),
    "SQS": ("send",),
    "Lambda": ("invoke ",),
    "Batch": ("submit ", "terminate ", "describe "),
    "EventBridge": ("create a schedule",),
}
"""What requests of each begin with."""

SIX_HOURS_MS = 6 * 3_600_000


class Outages:
    """Those of a world: (from, until, the services that are out), in ms since the epoch."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self.all: list[tuple[int, int, frozenset[str]]] = []

    def draw(self, chance: Chance) -> None:
        """One that begins within two minutes and lasts from seconds to six hours, of one service, of two, or of all."""
        dice, begins = chance.stream("outage"), self._agenda.now + chance.between("outage", 0, 120_000)
        number = dice.choice([1, 1, 1, 2, len(SERVICES)])
        lasts = dice.choice([5_000, 25_000, 300_000, SIX_HOURS_MS])
        self.all.append((begins, begins + lasts, frozenset(dice.sample(sorted(SERVICES), number))))

    def check(self, request: str) -> None:
        """Raises `Throttled` while the service that is asked is out."""
        for begins, ends, services in self.all:
            if begins <= self._agenda.now < ends:
                for service in services:
                    if request.startswith(SERVICES[service]):
                        raise Throttled(f"{request}: {service} does not answer")
