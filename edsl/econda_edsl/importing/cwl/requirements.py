"""Requirements of what is around a tool, and its own: the more specific one holds (CWL 1.2, 3.4.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


def class_of(each: Any) -> str:
    """The class of a process or a requirement; hints that CWL does not know stay plain data."""
    return type(each).__name__ if hasattr(each, "class_") else str(each["class"])


@dataclass(frozen=True)
class Around:
    """`contents` are the inputs of the workflow around whose contents are loaded."""

    requirements: tuple[Any, ...] = ()
    contents: frozenset[str] = frozenset()

    def inside(self, own: Iterable[Any] | None, contents: frozenset[str] | None = None) -> Around:
        """What is around the inside of something that has these requirements; another workflow has other inputs."""
        return Around(together(self.requirements, own), self.contents if contents is None else contents)

    @property
    def types(self) -> list[Any]:
        """Types that have names."""
        return [
            each for needs in self.requirements if class_of(needs) == "SchemaDefRequirement" for each in needs.types
        ]

    @property
    def library(self) -> list[str] | None:
        """The lines of JavaScript that expressions can use; None where there is none."""
        found = [each for each in self.requirements if class_of(each) == "InlineJavascriptRequirement"]
        return list(found[-1].expressionLib or []) if found else None


def together(around: Iterable[Any], own: Iterable[Any] | None) -> tuple[Any, ...]:
    """Requirements of what is around, but for those that are asked for anew."""
    mine = tuple(own or ())
    names = set(map(class_of, mine))
    return (*(each for each in around if class_of(each) not in names), *mine)
