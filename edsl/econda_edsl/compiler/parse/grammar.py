"""The grammar as it is written, and what in it may be nested how deep."""

from __future__ import annotations

from importlib import resources

OPERATORS_DEEP = 100
EXPRESSIONS = frozenset(
    [
        "conditional",
        "coalesce_",
        "or__",
        "and__",
        "not__",
        "compare",
        "contains",
        "not_contains",
        "range_",
        "add",
        "sub",
        "mul",
        "div",
        "floor_div",
        "mod",
        "of",
        "neg",
        "pow",
        "member",
        "optional_member",
        "index",
        "apply",
        "positional",
        "kwarg",
        "list",
        "comprehension",
        "record",
        "entry",
        "pun",
        "filter",
        "union",
        "optional",
        "named",
    ]
)
"""The rules that count as a level: later phases, which recurse, walk no expression deeper than `OPERATORS_DEEP`."""


def grammar_text() -> str:
    """The grammar as it is written."""
    return resources.files("econda_edsl.compiler.parse").joinpath("grammar.lark").read_text("utf-8")
