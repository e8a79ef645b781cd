"""Which changes of a call's phase are legal: the one table."""

from __future__ import annotations

from econda_cloud.run.state import Call, Phase

LEGAL: dict[Phase, tuple[Phase, ...]] = {
    "looking": ("preparing", "ready"),
    "preparing": ("ready",),
    "ready": ("placed",),
    "placed": ("backing_off",),
    "backing_off": ("preparing", "ready"),
}
"""From each phase to those that may follow. A call that has ended is no more."""


class IllegalTransition(AssertionError):
    """A call was to go where it cannot: a bug of ours, or a log that was not written by econda."""


def move(instance: str, call: Call, to: Phase, why: str) -> None:
    """Change the phase of a call. Raises `IllegalTransition` with the story."""
    if to not in LEGAL[call.phase]:
        raise IllegalTransition(f"{instance}#{call.attempt} is {call.phase} and was to be {to}: {why}")
    call.phase = to
