"""What an import hands back, and what it says of the rest."""

from __future__ import annotations

from dataclasses import dataclass, field

from econda_edsl.writing.program import Program


class NotImported(Exception):
    """The source cannot be imported at all. The message says what, where, why and what to do."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was not carried over: where in the source, what, why, and what to do instead."""

    where: str
    what: str
    why: str
    instead: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.why}; {self.instead}"

    @property
    def note(self) -> str:
        """The comment line in the program."""
        return f"TODO {self.where}: {self.what}: {self.why}; {self.instead}"


@dataclass(slots=True)
class Imported:
    """A program, what it lacks, and the files it needs beside it (path → content)."""

    format: str
    program: Program
    gaps: list[Gap] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Gaps:
    """Collects gaps; `of` also gives the comment line for the place in the program."""

    found: list[Gap] = field(default_factory=list)

    def of(self, where: str, what: str, why: str, instead: str) -> str:
        gap = Gap(where, what, why, instead)
        if gap not in self.found:
            self.found.append(gap)
        return gap.note
