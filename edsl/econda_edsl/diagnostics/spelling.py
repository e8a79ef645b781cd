"""Did you mean: the nearest name in scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice

FEW = 64
"""So few names are always looked at: there are no more errors than text, so the work of it grows with the text."""
WORK = 100_000
"""Names in longer lists that one phase may look at: with thousands of errors among thousands of names, the first errors
of a phase get their suggestions, and the rest of them get none. No phase spends what another has."""
_left: ContextVar[list[int] | None] = ContextVar("left", default=None)


@contextmanager
def bounded() -> Iterator[None]:
    """Bound the work of all suggestions made inside, which is one phase of the compiler. As a decorator, of each call."""
    before = _left.set([WORK])
    try:
        yield
    finally:
        _left.reset(before)


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The closest of `names`, ignoring case and underscores; None when nothing is close, as no other letter is to one.

    None also where `names` are many and the work of this phase is done, see `bounded`.
    """
    folded = _fold(word)
    limit = min(max(1, (len(folded) + 2) // 4), len(folded) - 1)
    best: tuple[int, str] | None = None
    for name in sorted(_affordable(names) - {word}):
        distance = _distance(folded, _fold(name), limit)
        if distance <= limit and (best is None or distance < best[0]):
            best = (distance, name)
    return best[1] if best else None


def _affordable(names: Iterable[str]) -> set[str]:
    """All of the names, or none of them where they are many and nothing is left for many."""
    rest, left = iter(names), _left.get()
    few = set(islice(rest, FEW))
    if left is None:
        return few.union(rest)
    following = next(rest, None)
    if following is None:
        return few
    if left[0] <= 0:
        return set()
    found = few.union((following,), rest)
    left[0] -= len(found)
    return found


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """A help line, or an empty string."""
    near = nearest(word, names)
    return f"did you mean `{near}`?" if near else ""


def _fold(word: str) -> str:
    return word.replace("_", "").lower()


def _distance(a: str, b: str, limit: int) -> int:
    """Edit distance with swaps of neighbours, or `limit + 1` when it is more than `limit`."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]
