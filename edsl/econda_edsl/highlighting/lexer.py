"""EDSL in colours for Pygments: documentation, terminals, `rich`. Code bodies are coloured as their own language."""

from __future__ import annotations

from collections.abc import Iterator
from re import Match
from typing import Any

from pygments.lexer import RegexLexer, bygroups, include, words
from pygments.lexers import get_lexer_by_name
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
    _TokenType,
)

from econda_edsl.highlighting import words as w

_NUMBER = r"\d[\d_]*(?:\.\d+)?"


def _code(_lexer: RegexLexer, match: Match[str], _context: Any = None) -> Iterator[tuple[int, _TokenType, str]]:
    """A `run` header and the code under it."""
    kinds = {1: Whitespace, 2: Keyword, 3: Whitespace, 4: Name.Namespace, 5: Whitespace, 6: Punctuation,
             7: Whitespace, 8: Comment.Single, 9: Whitespace}  # fmt: skip
    for group, kind in kinds.items():
        if match[group]:
            yield match.start(group), kind, match[group]
    body = match[10]
    if not body:
        return
    language = w.LANGUAGES.get(match[4])
    if language is None:
        yield match.start(10), Text, body
        return
    inner = get_lexer_by_name(language[0])
    for index, kind, value in inner.get_tokens_unprocessed(body):
        yield match.start(10) + index, kind, value


class EdslLexer(RegexLexer):
    """The lexer of `edsl`."""

    name = "EDSL"
    aliases = ["edsl"]
    filenames = ["*.edsl"]
    mimetypes = ["text/x-edsl"]
    url = "https://github.com/econda/econda-cloud"

    tokens = {
        "root": [
            (
                r"^([ ]*)(run)([ ]+)([a-z_]+)([ ]*)(:)([ ]*)(#[^\n]*)?(\n)((?:(?:\1[ ]+[^ \n][^\n]*|[^\S\n]*)(?:\n|\Z))*)",
                _code,
            ),
            (r"^(edsl)([ ]+)(\d+)", bygroups(Keyword.Declaration, Whitespace, Number.Integer)),
            (r"^(task|pipeline|operator|policy)([ ]+)([a-z_]\w*)", bygroups(Keyword.Declaration, Whitespace, Name.Function)),
            (r"^(type)([ ]+)([A-Z]\w*)", bygroups(Keyword.Declaration, Whitespace, Name.Class)),
            include("expression"),
        ],
        "expression": [
            (r"##[^\n]*", String.Doc),
            (r"#[^\n]*", Comment.Single),
            # A margin is left to the line it belongs to.
            (r"\n", Whitespace),
            (r"[^\S\n]+", Whitespace),
            (r'"""[\s\S]*?(?:"""|\Z)', String.Doc),
            (r'"', String, "string"),
            (rf"\${_NUMBER}(?:/(?:s|min|h|d)\b)?", Number),
            (rf"{_NUMBER}(?:(?:{'|'.join(sorted(w.UNITS, key=len, reverse=True))})\b|%)", Number),
            (r"\d[\d_]*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+", Number.Float),
            (r"\d[\d_]*", Number.Integer),
            (r"(\??\.)([a-zA-Z_]\w*)", bygroups(Operator, Name.Attribute)),
            # A word before `=` names something, whatever it means elsewhere.
            (r"([a-z_]\w*)([ ]*)(=)(?!=)", bygroups(Name.Variable, Whitespace, Operator)),
            (words(w.CONSTANTS, prefix=r"\b", suffix=r"\b"), Keyword.Constant),
            (words(w.OPERATORS, prefix=r"\b", suffix=r"\b"), Operator.Word),
            (words(w.DECLARATIONS, prefix=r"\b", suffix=r"\b"), Keyword.Declaration),
            (words(w.CONTROL, prefix=r"\b", suffix=r"\b"), Keyword),
            (words(w.NAMES, prefix=r"\b", suffix=r"\b"), Name.Builtin.Pseudo),
            (words(w.FUNCTIONS, prefix=r"\b", suffix=r"\b(?=\()"), Name.Builtin),
            (words(w.TYPES, prefix=r"\b", suffix=r"\b"), Keyword.Type),
            (r"[A-Z]\w*", Name.Class),
            (r"([a-z_]\w*)(?=\()", Name.Function),
            (r"[a-z_]\w*", Name),
            (r"->|==|!=|<=|>=|\.\.|\?\?|\*\*|//|[-+*/%<>=|?]", Operator),
            (r"[()\[\]{}:,.@]", Punctuation),
        ],
        "string": [
            (r'"', String, "#pop"),
            (r"\n", Whitespace, "#pop"),
            (r'\\(?:u\{[0-9a-fA-F]+\}|[^\n])', String.Escape),
            (r"\{\{|\}\}", String.Escape),
            (r"\{", String.Interpol, "hole"),
            (r'[^"\\{}\n]+', String),
            (r"[}\\]", String),
        ],
        "hole": [
            (r"\}", String.Interpol, "#pop"),
            # A string that ends, or a line, ends the hole with it.
            (r'(?=["\n])', String, "#pop"),
            (r"[^\S\n]+", Whitespace),
            (r"#", Text),
            include("expression"),
        ],
    }  # fmt: skip
