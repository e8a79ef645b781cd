"""The grammar, and the parser library's parser of it."""

from __future__ import annotations

from importlib import resources
from typing import Any

from lark import Lark
from lark.indenter import Indenter

OPTIONS: dict[str, Any] = {
    "parser": "lalr",
    "lexer": "contextual",
    "propagate_positions": True,
    "maybe_placeholders": False,
    "start": ["declaration", "expr"],
}
"""How the parser library is to read the grammar."""


class _Margins(Indenter):
    NL_type = "_NL"  # type: ignore[assignment]
    INDENT_type = "_INDENT"  # type: ignore[assignment]
    DEDENT_type = "_DEDENT"  # type: ignore[assignment]
    OPEN_PAREN_types = ["LPAR", "LSQB", "LBRACE"]  # type: ignore[assignment]
    CLOSE_PAREN_types = ["RPAR", "RSQB", "RBRACE"]  # type: ignore[assignment]
    tab_len = 1  # type: ignore[assignment]


def grammar_text() -> str:
    """The grammar as it is written."""
    return resources.files("econda_edsl.compiler.parse").joinpath("grammar.lark").read_text("utf-8")


def built(grammar: str) -> Lark:
    """A parser with tables just built."""
    return Lark(grammar, postlex=_Margins(), **OPTIONS)
