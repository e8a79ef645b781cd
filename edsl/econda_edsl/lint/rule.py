"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.module import Checked
from econda_edsl.diagnostics import Span
from econda_edsl.index.analysis import Analysis
from econda_edsl.index.symbols import Index

Edit = tuple[Span, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of advice. `fix` are the edits that follow it without changing what the program computes."""

    span: Span
    message: str
    label: str = ""
    help: str = ""
    fix: tuple[Edit, ...] = ()
    lint: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """A program without errors, as rules see it."""

    analysis: Analysis
    checked: Checked

    @property
    def index(self) -> Index:
        return self.analysis.index

    @property
    def lines(self) -> list[str]:
        return self.analysis.lines

    @property
    def declarations(self) -> tuple[s.Declaration, ...]:
        return self.checked.unit.program.declarations

    @property
    def tasks(self) -> list[s.Task]:
        return [d for d in self.declarations if isinstance(d, s.Task)]

    @property
    def pipelines(self) -> list[s.Pipeline]:
        return [d for d in self.declarations if isinstance(d, s.Pipeline)]

    def steps(self) -> Iterator[s.Step]:
        """All steps of all pipelines, those of blocks inside too."""
        for d in self.pipelines:
            for block in (d.body, *(h.body for h in d.handlers)):
                yield from steps_of(block)


def steps_of(block: s.Block) -> Iterator[s.Step]:
    """The steps of a block and of the blocks inside."""
    for step in block.steps:
        yield step
        match step:
            case s.Foreach(body=body) | s.Repeat(body=body):
                yield from steps_of(body)
            case s.When(arms=arms):
                for arm in arms:
                    yield from steps_of(arm.body)
            case _:
                pass


@dataclass(frozen=True, slots=True)
class Rule:
    """`why` is Markdown; `bad` and `good` are whole programs, of which the rule speaks about the first only."""

    id: str
    title: str
    why: str
    bad: str
    good: str
    tags: tuple[str, ...]
    check: Callable[[Program], Iterator[Finding]] = field(repr=False)

    @property
    def is_style(self) -> bool:
        """Whether it is about how a program reads only, and not about what it does."""
        return not {"style", "docs"}.isdisjoint(self.tags)


def setting(settings: tuple[s.Setting, ...], name: str) -> s.Setting | None:
    """The setting of that name."""
    return next((x for x in settings if x.name.text == name), None)
