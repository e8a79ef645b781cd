"""The words of the language by how they are coloured. A test holds them against the grammar, so none is forgotten."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from econda_edsl.compiler.types import model as t
from econda_edsl.evaluate import quantities
from econda_edsl.words import prelude

CONSTANTS = ("true", "false", "none")
OPERATORS = ("and", "or", "not", "in", "if", "else", "of")
DECLARATIONS = ("edsl", *prelude.DECLARATIONS)
CONTROL = (
    "after", "assert", "carry", "fail", "foreach", "for", "gather", "next", "on", "repeat", "return", "run", "to", "until",
    "up", "when", "with", "needs", "where", "state", "as", "is", "extends", "scope", "forbid", "require", "minimize",
    "maximize", "then", "because",
)  # fmt: skip
NAMES = ("attempt", "node", "offer", "pool", "queue")
FUNCTIONS = (*prelude.FUNCTIONS, *prelude.FILES, "exponential", "linear", "every")
TYPES = (*t.PLAIN, "Table", "List", "Map", "Secret")
UNITS = (*quantities.SIZES, *quantities.DURATIONS, *quantities.BANDWIDTHS)
# Languages of code bodies: how `run` calls them, how Pygments does, their scope in TextMate.
LANGUAGES = {
    "shell": ("bash", "source.shell"),
    "python": ("python", "source.python"),
    "r": ("r", "source.r"),
    "julia": ("julia", "source.julia"),
    "sql": ("sql", "source.sql"),
}
_WORD = re.compile(r'"([a-z]+)"')


@cache
def grammar_words() -> frozenset[str]:
    """All words that the grammar itself knows."""
    grammar = resources.files("econda_edsl.compiler.parse").joinpath("grammar.lark").read_text("utf-8")
    code = "\n".join(line.split("//")[0] for line in grammar.split("\n"))
    return frozenset(_WORD.findall(code))
