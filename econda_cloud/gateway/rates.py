"""How fast and how much: per token, in the memory of one process, so that nothing is asked of any store."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from econda_cloud.gateway.requests import Refusal
from econda_cloud.gateway.tokens import Limits

BURST_S = 10
"""A worker that was quiet may ask for so many seconds' worth of requests at once."""

KNOWN_MOST = 20_000
"""Workers remembered by one process; who is forgotten begins anew."""


@dataclass
class _Left:
    requests: float
    bytes: float
    at_ms: int


class Rates:
    """What is left to each worker; safe between threads."""

    def __init__(self, known_most: int = KNOWN_MOST) -> None:
        self._left: OrderedDict[str, _Left] = OrderedDict()
        self._lock = threading.Lock()
        self._most = known_most

    def take(self, name: str, limits: Limits, size: int, now: int) -> None:
        """Count a request with a body of `size` bytes. Raises `Refusal` (429) saying when to come again; it costs nothing then."""
        with self._lock:
            left = self._renewed(name, limits, now)
            if left.requests < 1:
                wait = (1 - left.requests) / limits.rate
                raise Refusal(429, f"more than {limits.rate:g} requests a second", "ask less often", retry_after_s=wait)
            if size > limits.bytes_per_minute:
                raise Refusal(413, f"{size} bytes at once, at most {limits.bytes_per_minute}", "send less")
            if left.bytes < size:
                wait = (size - left.bytes) * 60 / limits.bytes_per_minute
                message = f"more than {limits.bytes_per_minute} bytes a minute"
                raise Refusal(429, message, "send less, or later", retry_after_s=wait)
            left.requests -= 1
            left.bytes -= size

    def _renewed(self, name: str, limits: Limits, now: int) -> _Left:
        most = max(1.0, limits.rate * BURST_S)
        left = self._left.pop(name, None)
        if left is None:
            left = _Left(most, limits.bytes_per_minute, now)
        passed = max(0, now - left.at_ms) / 1000
        left.requests = min(most, left.requests + passed * limits.rate)
        left.bytes = min(limits.bytes_per_minute, left.bytes + passed * limits.bytes_per_minute / 60)
        left.at_ms = max(now, left.at_ms)
        self._left[name] = left
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return left
