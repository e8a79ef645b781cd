"""A process of the simulated world: a generator of waits in ms that may die at any of them."""

from __future__ import annotations

from collections.abc import Callable, Generator

from econda_cloud.simulate.agenda import Agenda
from econda_cloud.simulate.chance import Chance
from econda_cloud.simulate.stores import Killed, Throttled

Steps = Generator[int, None, None]
SKEW_MS = 1_500


class Process:
    """`ended` is told once how it went: an empty text if well."""

    def __init__(self, agenda: Agenda, chance: Chance, name: str, steps: Steps, ended: Callable[[str], None]) -> None:
        self._agenda, self._chance, self.name = agenda, chance, name
        self._steps, self._ended = steps, ended
        self.over = False

    def resume(self) -> None:
        if self.over:
            return
        if self._chance.hits("death"):
            self.kill("died")
            return
        try:
            wait = next(self._steps)
        except StopIteration:
            self._end("")
        except (Throttled, Killed) as error:
            self._end(f"{type(error).__name__}")
        else:
            self._agenda.after(wait, self.name, self.resume)

    def kill(self, reason: str) -> None:
        if not self.over:
            self._steps.close()
            self._end(reason)

    def _end(self, reason: str) -> None:
        self.over = True
        if reason:
            self._agenda.tell(f"{self.name}: {reason}")
        self._ended(reason)


def skewed(agenda: Agenda, chance: Chance) -> Callable[[], int]:
    """A process's own clock."""
    skew = chance.between("clock", -SKEW_MS, SKEW_MS) if chance.hits("skew") else 0
    return lambda: agenda.now + skew
