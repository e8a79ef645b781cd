"""Handlers, levels and filters of loggers, which a whole process shares."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def loggers() -> dict[str, tuple[Any, ...]]:
    """All loggers by name, the root as "", with what can be set of them."""
    logging = sys.modules.get("logging")
    if logging is None:
        return {}
    found = {"": logging.root}
    found.update(
        (name, each) for name, each in logging.root.manager.loggerDict.items() if isinstance(each, logging.Logger)
    )
    return {
        name: (each.level, each.propagate, each.disabled, list(each.handlers), list(each.filters))
        for name, each in found.items()
    }


def restore_loggers(before: dict[str, tuple[Any, ...]]) -> None:
    """Loggers as they were; those of modules that were imported since keep only what keeps them silent."""
    logging = sys.modules.get("logging")
    if logging is None:
        return
    logging.disable(logging.NOTSET)
    for name, now in loggers().items():
        was = before.get(name)
        if was == now:
            continue
        each = logging.getLogger(name) if name else logging.root
        if was is None:
            silent = [handler for handler in each.handlers if type(handler) is logging.NullHandler]
            was = (logging.WARNING if not name else logging.NOTSET, True, False, silent, [])
            if now == was:
                continue
        each.setLevel(was[0])
        each.propagate, each.disabled = was[1], was[2]
        each.handlers[:], each.filters[:] = was[3], was[4]
