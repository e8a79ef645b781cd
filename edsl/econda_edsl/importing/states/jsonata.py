"""JSONata in templates, `{% … %}`: plain paths and comparisons here, all else by the package `jsonata-python`.

`econda import` puts a copy of this file beside the pipeline.
"""

from __future__ import annotations

import operator
import re
from typing import Any

_WHOLE = re.compile(r"\{%\s*(.*?)\s*%\}", re.DOTALL)
_TERM = re.compile(r"\$states\.(input|result|context|errorOutput)((?:\.[A-Za-z_]\w*)*)")
_TEST = re.compile(r"(\S+)\s*(=|!=|<=|>=|<|>)\s*(-?\d+(?:\.\d+)?|'[^'\\]*'|\"[^\"\\]*\"|true|false|null)")
_SIGNS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_WORDS = {"true": True, "false": False, "null": None}


def jsonata(template: Any, document: Any, result: Any = None, context: Any = None, error: Any = None) -> Any:
    """A template with the values of its expressions. Raises `ValueError` for what cannot be computed."""
    if isinstance(template, list):
        return [jsonata(each, document, result, context, error) for each in template]
    if isinstance(template, dict):
        return {key: jsonata(each, document, result, context, error) for key, each in template.items()}
    found = _WHOLE.fullmatch(template) if isinstance(template, str) else None
    if found is None:
        return template
    states = {"input": document, "result": result, "context": context, "errorOutput": error}
    return _plain(found[1], states) if is_plain(template) else _computed(found[1], states)


def is_plain(text: str) -> bool:
    """Whether a text needs no package: no expression, a path of names, or one compared with a constant."""
    found = _WHOLE.fullmatch(text)
    if found is None:
        return True
    test = _TEST.fullmatch(found[1])
    return _TERM.fullmatch(test[1] if test else found[1]) is not None


def understood(text: str) -> bool:
    """Whether a text is JSONata without variables of the machine; True without the package only if it is plain."""
    if is_plain(text):
        return True
    found = _WHOLE.fullmatch(text)
    try:
        from jsonata import Jsonata
    except ImportError:
        return False
    try:
        Jsonata(found[1] if found else text)
    except Exception:
        return False
    return True


def _plain(text: str, states: dict[str, Any]) -> Any:
    test = _TEST.fullmatch(text)
    if test is None:
        return _term(text, states)
    left, wanted = _term(test[1], states), test[3]
    if wanted in _WORDS:
        right: Any = _WORDS[wanted]
        return _SIGNS[test[2]](left is right, True) if test[2] in ("=", "!=") else False
    right = wanted[1:-1] if wanted[0] in "'\"" else float(wanted)
    if test[2] in ("=", "!="):
        same = isinstance(left, str) == isinstance(right, str) and not isinstance(left, bool) and left == right
        return same is (test[2] == "=")
    fits = (
        isinstance(left, str)
        if isinstance(right, str)
        else isinstance(left, int | float) and not isinstance(left, bool)
    )
    if not fits:
        raise ValueError(f"the JSONata {text}: {left!r} and {right!r} have no order")
    return _SIGNS[test[2]](left, right)


def _term(text: str, states: dict[str, Any]) -> Any:
    found = _TERM.fullmatch(text)
    assert found is not None
    value = states[found[1]]
    for name in found[2].split(".")[1:]:
        value = _named(value, name)
    return value


def _named(value: Any, name: str) -> Any:
    """A name of an object; of an array those of its members, one alone without its array (as JSONata has it)."""
    if isinstance(value, dict):
        return value.get(name)
    if not isinstance(value, list):
        return None
    found: list[Any] = []
    for each in value:
        inner = _named(each, name)
        found += inner if isinstance(inner, list) else [] if inner is None else [inner]
    return None if not found else found[0] if len(found) == 1 else found


def _computed(text: str, states: dict[str, Any]) -> Any:
    import hashlib
    import json
    import uuid

    from jsonata import Jsonata

    expression = Jsonata(text)
    expression.assign("states", states)
    # What Step Functions adds to the language.
    expression.register_lambda("uuid", lambda: str(uuid.uuid4()))
    expression.register_lambda("parse", lambda given: json.loads(given))
    expression.register_lambda(
        "hash", lambda given, by: hashlib.new(by.replace("-", "").lower(), given.encode()).hexdigest()
    )
    expression.register_lambda(
        "range", lambda first, last, step: list(range(first, last + (1 if step > 0 else -1), step))
    )
    expression.register_lambda(
        "partition", lambda given, size: [given[i : i + size] for i in range(0, len(given), size)]
    )
    return json.loads(json.dumps(expression.evaluate(None)))
