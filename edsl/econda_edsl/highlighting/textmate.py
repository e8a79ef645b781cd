"""The TextMate grammar of the editor's extension. `python -m econda_edsl.highlighting.textmate` writes it."""

from __future__ import annotations

import json
import sys
from typing import Any

from econda_edsl.highlighting import words as w

_NUMBER = r"\d[\d_]*(?:\.\d+)?"


def grammar() -> str:
    """The grammar as JSON."""
    return json.dumps(_grammar(), indent=2, ensure_ascii=False) + "\n"


def _grammar() -> dict[str, Any]:
    return {
        "$comment": "Written by `python -m econda_edsl.highlighting.textmate`; change that module.",
        "name": "EDSL",
        "scopeName": "source.edsl",
        "fileTypes": ["edsl"],
        "patterns": [{"include": "#code"}, {"include": "#declaration"}, {"include": "#expression"}],
        "repository": {
            "code": {"patterns": [_code(name, scope) for name, (_, scope) in w.LANGUAGES.items()]},
            "declaration": {"patterns": _declarations()},
            "expression": {"patterns": _expression()},
            "string": _string(),
        },
    }


def _named(scope: str) -> dict[str, str]:
    return {"name": f"{scope}.edsl"}


def _code(name: str, scope: str) -> dict[str, Any]:
    """Lines deeper than their `run`, and empty ones, are of another language."""
    return {
        "begin": rf"^( *)(run)\s+({name})\s*(:)\s*(#.*)?$",
        "beginCaptures": {
            "2": _named("keyword.control"),
            "3": _named("entity.name.type.language"),
            "4": _named("punctuation.section.block"),
            "5": _named("comment.line.number-sign"),
        },
        "while": r"^(?=\1 +[^ ]|\s*$)",
        "contentName": f"meta.embedded.block.{name}",
        "patterns": [{"include": scope}],
    }


def _declarations() -> list[dict[str, Any]]:
    return [
        {
            "match": r"^(edsl)\s+(\d+)",
            "captures": {"1": _named("keyword.other.edition"), "2": _named("constant.numeric")},
        },
        {
            "match": r"^(task|pipeline|operator|policy)\s+([a-z_]\w*)",
            "captures": {"1": _named("storage.type"), "2": _named("entity.name.function")},
        },
        {
            "match": r"^(type)\s+([A-Z]\w*)",
            "captures": {"1": _named("storage.type"), "2": _named("entity.name.type")},
        },
        {
            "match": r"^(let|pool|connector|secret|trigger)\s+([a-z_]\w*)",
            "captures": {"1": _named("storage.type"), "2": _named("variable.other.constant")},
        },
    ]


def _expression() -> list[dict[str, Any]]:
    units = "|".join(sorted(w.UNITS, key=len, reverse=True))
    rules = [
        (r"##.*$", "comment.line.documentation"),
        (r"#.*$", "comment.line.number-sign"),
        (rf"\${_NUMBER}(?:/(?:s|min|h|d)\b)?", "constant.numeric.money"),
        (rf"\b{_NUMBER}(?:(?:{units})\b|%)", "constant.numeric.quantity"),
        (r"\b\d[\d_]*\.\d+(?:[eE][+-]?\d+)?|\b\d+[eE][+-]?\d+", "constant.numeric.float"),
        (r"\b\d[\d_]*\b", "constant.numeric.integer"),
        (r"(?<=[\w)\]]\.|\?\.)[A-Za-z_]\w*", "variable.other.member"),
        (r"\b[a-z_]\w*(?=\s*=(?!=))", "variable.other.definition"),
        (_any(w.CONSTANTS), "constant.language"),
        (_any(w.OPERATORS), "keyword.operator.word"),
        (_any(w.DECLARATIONS), "keyword.other.declaration"),
        (_any(w.CONTROL), "keyword.control"),
        (_any(w.NAMES), "variable.language"),
        (_any(w.FUNCTIONS) + r"(?=\()", "support.function"),
        (_any(w.TYPES), "support.type"),
        (r"\b[A-Z]\w*", "entity.name.type"),
        (r"\b[a-z_]\w*(?=\()", "entity.name.function"),
        (r"->|==|!=|<=|>=|\.\.|\?\?|\*\*|//|[-+*/%<>=|?]", "keyword.operator"),
    ]
    doc = {
        "begin": '"""',
        "end": '"""',
        "name": "string.quoted.docstring.edsl",
        "patterns": [{"include": "text.html.markdown#inline"}],
    }
    return [doc, {"include": "#string"}, *({"match": match, "name": f"{scope}.edsl"} for match, scope in rules)]


def _string() -> dict[str, Any]:
    return {
        "begin": '"',
        "end": '"|$',
        "name": "string.quoted.double.edsl",
        "patterns": [
            {"match": r"\\(?:u\{[0-9a-fA-F]+\}|.)|\{\{|\}\}", "name": "constant.character.escape.edsl"},
            {
                "begin": r"\{",
                "end": r'\}|(?=")|$',
                "name": "meta.interpolation.edsl",
                "beginCaptures": {"0": _named("punctuation.section.interpolation.begin")},
                "endCaptures": {"0": _named("punctuation.section.interpolation.end")},
                "patterns": [{"include": "#expression"}],
            },
        ],
    }


def _any(words: tuple[str, ...]) -> str:
    return rf"\b(?:{'|'.join(words)})\b"


if __name__ == "__main__":
    sys.stdout.write(grammar())
