"""What invariants raise."""

from __future__ import annotations


class Broken(AssertionError):
    """An invariant does not hold: a bug of ours."""
