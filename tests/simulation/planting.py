"""How a bug is planted: in place of a function wherever it is known, for as long as a block lasts."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_PLACES = ("econda_cloud", "econda_adapters", "tests.simulation")


@dataclass(frozen=True)
class Bug:
    """`home` (a module or class) has `attribute`; `wrong` makes its wrong twin of the right one."""

    name: str
    home: Any
    attribute: str
    wrong: Callable[[Any], Any]


def nothing(given: Any = None) -> Callable[[Any], Any]:
    """A function that does nothing but give something."""
    return lambda _: lambda *_, **__: given


@contextlib.contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Plant a bug. A name imported by other modules is theirs too, so it is changed there as well."""
    right = vars(bug.home)[bug.attribute]
    wrong = bug.wrong(right)
    homes = [bug.home]
    if callable(right) and not isinstance(bug.home, type):
        modules = [module for name, module in list(sys.modules.items()) if name.startswith(_PLACES)]
        homes = [module for module in modules if vars(module).get(bug.attribute) is right]
    for home in homes:
        setattr(home, bug.attribute, wrong)
    try:
        yield
    finally:
        for home in homes:
            setattr(home, bug.attribute, right)
