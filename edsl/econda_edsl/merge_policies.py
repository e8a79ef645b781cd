"""The policies of a pipeline and those they extend, as one."""

from __future__ import annotations

from collections.abc import Callable

from econda_edsl import plan as p
from econda_edsl.check_policies import Lowered

Key = tuple[str, str]
"""The path of a unit and the name of a policy in it."""

Find = Callable[[Key], tuple[Lowered, Key | None] | None]
"""A policy's own part, and what it extends; None if it has errors."""


def merged(keys: list[Key], find: Find) -> p.Policy | None:
    """All guards of all policies; the objectives and settings of the first named, then those they extend."""
    chain: list[Lowered] = []
    seen: set[Key] = set()
    for key in keys:
        following: Key | None = key
        while following is not None and following not in seen:
            seen.add(following)
            found = find(following)
            if found is None:
                return None
            chain.append(found[0])
            following = found[1]
    settings: dict[str, object] = {}
    for own in reversed(chain):
        settings |= own.settings
    return p.Policy(
        rules=tuple(rule for own in chain for rule in own.rules),
        objectives=tuple(objective for own in chain for objective in own.objectives),
        priority=next((own.priority for own in chain if own.priority is not None), None),
        max_parallel=min((own.max_parallel for own in chain if own.max_parallel is not None), default=None),
        settings=dict(sorted(settings.items())),
    )
