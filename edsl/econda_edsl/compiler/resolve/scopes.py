"""Scopes: the names of a block, those that leave it, and which step waits for which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from econda_edsl.compiler import syntax as s
from econda_edsl.diagnostics import Span

Edge = tuple[str, str, Span]


@dataclass(slots=True)
class BlockNames:
    """`owner`: the step that binds a name; `waits[step][other]`: why step needs other (its name, the other's)."""

    owner: dict[str, s.Step] = field(default_factory=dict)
    waits: dict[s.Step, dict[s.Step, Edge]] = field(default_factory=dict)
    narrowed: dict[str, s.Step] = field(default_factory=dict)


@dataclass(slots=True)
class Names:
    """`words` are bare words that stand for one of an input's closed choices: `mode = overwrite`."""

    blocks: dict[s.Block, BlockNames] = field(default_factory=dict)
    exports: dict[s.Step, dict[str, Span]] = field(default_factory=dict)
    lets: dict[str, dict[str, Span]] = field(default_factory=dict)
    words: set[s.Expr] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ConstantPlace:
    """What is constant here, the names beside it that are not (each with what it is), and what to do instead."""

    what: str
    beside: Mapping[str, str]
    help: str


@dataclass(slots=True)
class Frame:
    """Names of one block, or (owner None) inputs, loop variables and carried names.

    `partial` are names that only some branches of a `when` bind, `inside` those that do not leave their loop.
    `constant` is set where only constants may stand.
    """

    names: dict[str, s.Step | None]
    partial: dict[str, s.When] = field(default_factory=dict)
    inside: dict[str, s.Step] = field(default_factory=dict)
    current: s.Step | None = None
    block: BlockNames | None = None
    constant: ConstantPlace | None = None
    used: set[str] = field(default_factory=set)

    def hide(self, step: s.Step, known: dict[s.Step, dict[str, Span]]) -> None:
        """Note the names of a step's blocks, which errors speak about."""
        match step:
            case s.When(arms=arms):
                for arm in arms:
                    for name in bound_in(arm.body, known):
                        self.partial.setdefault(name, step)
            case s.Foreach(over=over, body=body):
                for name in (*bound_in(body, known), *(variable.text for variable, _ in over)):
                    self.inside.setdefault(name, step)
            case s.Repeat(body=body):
                for name in bound_in(body, known):
                    self.inside.setdefault(name, step)
            case _:
                pass


def exported(step: s.Step, known: dict[s.Step, dict[str, Span]]) -> dict[str, Span]:
    """The names a step binds in its block."""
    if step not in known:
        known[step] = _exported(step, known)
    return known[step]


def _exported(step: s.Step, known: dict[s.Step, dict[str, Span]]) -> dict[str, Span]:
    match step:
        case s.Bind(name=name):
            return {name.text: name.span}
        case s.Foreach(name=name):
            return {name.text: name.span} if name else {}
        case s.Repeat(carries=carries):
            return {c.name.text: c.name.span for c in carries}
        case s.When(arms=arms):
            if arms[-1].test is not None:
                return {}
            open_arms = [bound_in(arm.body, known) for arm in arms if not ends(arm.body)]
            first = open_arms[0] if open_arms else {}
            return {k: v for k, v in first.items() if all(k in other for other in open_arms)}
        case _:
            return {}


def bound_in(block: s.Block, known: dict[s.Step, dict[str, Span]]) -> dict[str, Span]:
    return {k: v for step in block.steps for k, v in exported(step, known).items()}


def ends(block: s.Block) -> bool:
    """A block that always fails never reaches what follows it."""
    return any(isinstance(step, s.Fail) for step in block.steps)


def label(step: s.Step) -> str:
    match step:
        case s.Bind(name=name):
            return name.text
        case s.Foreach(name=name) if name is not None:
            return name.text
        case s.Repeat(carries=carries) if carries:
            return carries[0].name.text
        case s.Effect(expr=s.Apply(callee=s.Ref(name=called))):
            return called.rpartition(".")[2]
        case _:
            return type(step).__name__.lower()


def not_none(expr: s.Expr) -> str | None:
    """`x` when the expression says `x != none`."""
    match expr:
        case s.Binary(op="ne", left=s.Ref(name=name), right=s.Literal(type="None")):
            return name
        case s.Binary(op="ne", left=s.Literal(type="None"), right=s.Ref(name=name)):
            return name
        case _:
            return None
