"""Functions that `let` names, written out where they are called.

The plan knows no functions: an argument stands wherever its input is read, if it is short or read once. Otherwise it is
computed once, under a name that nothing else has, by a comprehension over a list of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from econda_edsl.compiler.expressions.substitute import count, renamed, substituted
from econda_edsl.plan import Expr

LARGEST = 2_000
"""Parts of an expression with all that it calls written out: those of a function of a page, and no explosion."""


@dataclass(frozen=True, slots=True)
class Inlined:
    """A function's expression as the plan has it, all its own names marked as its own; `inputs` with their defaults.

    `parts` is how many it has, `reads` how often it may read an input, more than once inside a comprehension.
    """

    name: str
    inputs: tuple[tuple[str, Expr | None], ...]
    body: Expr
    parts: int
    reads: Mapping[str, int]

    def called(self, args: Mapping[str, Expr]) -> Expr:
        """The expression of a call."""
        given = {name: args.get(name, default or {"lit": None}) for name, default in self.inputs}
        short = {name for name, arg in given.items() if self.reads[name] <= 1 or _is_short(arg)}
        found = substituted(self.body, {_own(self.name, name): given[name] for name in short})
        for name in [name for name in given if name not in short]:
            one = {"comp": {"var": _own(self.name, name), "in": {"list": [given[name]]}, "of": found}}
            found = {"index": [one, {"lit": 0}]}
        return found


def inlined(name: str, inputs: tuple[tuple[str, Expr | None], ...], body: Expr) -> Inlined:
    """A function ready to be written out; `body` is its lowered expression."""
    names = [each for each, _ in inputs]
    own = renamed(body, {each: _own(name, each) for each in names}, lambda each: _own(name, each))
    reads = {each: count(own, _own(name, each)) for each in names}
    return Inlined(name, inputs, own, _parts(own), reads)


def _own(function: str, name: str) -> str:
    """A name that no program can write."""
    return f"{function}/{name}"


def _is_short(expr: Expr) -> bool:
    """Whether to compute it again costs no more than to look it up."""
    ((form, body),) = expr.items()
    match form:
        case "var":
            return True
        case "lit":
            return not isinstance(body, list | dict) and not (isinstance(body, str) and len(body) > 64)
        case "get" | "opt_get":
            return _is_short(body[0])
        case _:
            return False


def _parts(value: object) -> int:
    """How many operators, names and literals an expression has."""
    stack, total = [value], 0
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            total += 1
            stack += [part for form, part in each.items() if form != "lit"]
        elif isinstance(each, list | tuple):
            stack += each
    return total
