"""Log and blob store as a process of the simulated world sees them: any request may be its last, fail or lie."""

from __future__ import annotations

from collections.abc import Callable

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import Conflict, MemoryLog
from econda_cloud.simulate.chance import Chance

Pause = Callable[[str], None]
"""Called before a request with its name. May raise `Killed` or `Throttled`, or let others go first."""


class Killed(BaseException):
    """As a process that is gone: nothing may catch it."""


class Throttled(OSError):
    """A service refused a request; whoever asked gives up and is tried again."""


MOST_READS = 200_000
"""A world that comes to rest reads its logs some thousand times; one that goes round in a circle never stops."""


class TracedLog(MemoryLog):
    """The one log of a world; `appended` is told of every record."""

    def __init__(self, appended: Callable[[str, bytes], None]) -> None:
        super().__init__()
        self._appended, self._reads = appended, 0

    def read(self, name: str, after: int = 0, most: int | None = None) -> list[bytes]:
        self._reads += 1
        if self._reads > MOST_READS:
            raise AssertionError(f"{name} is read again and again, and nothing comes of it")
        return super().read(name, after, most)

    def append(self, name: str, expected: int, record: bytes) -> int:
        number = super().append(name, expected, record)
        self._appended(name, record)
        return number


class ProcessLog:
    """A process's way to the log."""

    def __init__(self, log: TracedLog, chance: Chance, pause: Pause) -> None:
        self._log, self._chance, self._pause = log, chance, pause

    def append(self, name: str, expected: int, record: bytes) -> int:
        self._pause(f"append {name}")
        number = self._log.append(name, expected, record)
        if self._chance.hits("lost_answer"):
            # The client's own second try of a put that went through unanswered meets what the first one wrote.
            raise Conflict(f"{name}: record {number} exists")
        return number

    def read(self, name: str, after: int = 0, most: int | None = None) -> list[bytes]:
        self._pause(f"read {name}")
        return self._log.read(name, after, most)

    def names(self, prefix: str) -> list[str]:
        return self._log.names(prefix)


class ProcessBlobs(MemoryBlobs):
    """A process's way to the blobs."""

    def __init__(self, shared: MemoryBlobs, pause: Pause) -> None:
        self._shared, self._blobs = shared, shared._blobs
        self._pause = pause

    def put(self, key: str, data: bytes) -> None:
        self._pause(f"put {key}")
        super().put(key, data)

    def get(self, key: str) -> bytes:
        self._pause(f"get {key}")
        return super().get(key)

    def put_if(self, key: str, data: bytes, tag: str | None) -> str:
        self._pause(f"put {key}")
        return self._shared.put_if(key, data, tag)
