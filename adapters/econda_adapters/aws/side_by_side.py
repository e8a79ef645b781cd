"""Many small requests to one service, side by side: each is a wait of some milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

AT_ONCE = 16
"""Half of the connections that a client keeps (`clients.CONNECTIONS`)."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def side_by_side(ask: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
    """The answers in the order of the items; a single one needs no threads. Raises what any of them raises."""
    items = list(items)
    if len(items) < 2:
        return [ask(item) for item in items]
    with ThreadPoolExecutor(min(len(items), AT_ONCE)) as threads:
        return list(threads.map(ask, items))
