"""name-style: values are snake_case, types CamelCase."""

from __future__ import annotations

import re
from collections.abc import Iterator

from econda_edsl.index.rename import CannotRename, rename
from econda_edsl.index.symbols import Symbol
from econda_edsl.lint.rule import Edit, Finding, Program, Rule

# What nobody outside of the file can name: renaming it changes no one's parameters.
_INNER = frozenset({"step", "loop variable", "carried value", "element"})
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def check(program: Program) -> Iterator[Finding]:
    for symbol in program.index.symbols:
        if symbol.origin is not None or symbol.kind in ("module", "built-in"):
            continue
        better = styled(symbol)
        if better == symbol.name:
            continue
        style = "CamelCase" if symbol.kind == "type" else "snake_case"
        message = f"`{symbol.name}` is not {style}"
        yield Finding(symbol.span, message, f"a {symbol.kind}", f"call it `{better}`", _fix(program, symbol, better))


def styled(symbol: Symbol) -> str:
    """The name as the style has it."""
    if symbol.kind == "type":
        return "".join(part[:1].upper() + part[1:] for part in symbol.name.split("_"))
    return _HUMP.sub("_", symbol.name).lower()


def _fix(program: Program, symbol: Symbol, better: str) -> tuple[Edit, ...]:
    if symbol.kind not in _INNER:
        return ()
    try:
        return tuple(rename(program.analysis, symbol, better))
    except CannotRename:
        return ()


RULE = Rule(
    "name-style",
    "a name in another style",
    "Values, steps, tasks and pipelines are `snake_case`, types `CamelCase`: what a name is can be told without "
    "looking it up. Names inside of a pipeline are fixed with `--fix`; others may be known outside of the file.",
    '''edsl 1

pipeline main(n: Int) -> (double: Int):
    """Double."""
    twiceAsMuch = n * 2
    return double = twiceAsMuch
''',
    '''edsl 1

pipeline main(n: Int) -> (double: Int):
    """Double."""
    twice_as_much = n * 2
    return double = twice_as_much
''',
    ("style",),
    check,
)
