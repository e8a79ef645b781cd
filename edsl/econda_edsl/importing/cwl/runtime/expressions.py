"""CWL's parameter references and expressions (CWL 1.2, 3.4 and 3.5), evaluated while a tool runs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from econda_edsl.importing.cwl.runtime.files import with_listing

_SEGMENT = re.compile(r"\.(\w+)|\['((?:[^'\\]|\\.)*)'\]|\[\"((?:[^\"\\]|\\.)*)\"\]|\[(\d+)\]")
_FIRST = re.compile(r"\w+")
SECONDS, MEMORY = 20.0, 512 * 1024 * 1024


class ExpressionError(ValueError):
    """An expression that cannot be evaluated; the message says which and why."""


class Expressions:
    """Evaluates with `inputs` and `runtime`. Without `library` (the lines of `InlineJavascriptRequirement`), only
    parameter references are expressions.
    """

    def __init__(self, inputs: Mapping[str, Any], runtime: Mapping[str, Any], library: list[str] | None) -> None:
        self.inputs, self.runtime, self.library = inputs, runtime, library

    def value(self, text: Any, own: Any = None) -> Any:
        """What a text comes to: an expression alone keeps its type, among other text it is written out."""
        if not isinstance(text, str) or not ("$(" in text or "${" in text):
            return text
        parts = list(_parts(text))
        if len(parts) == 1 and parts[0][0]:
            return self._evaluated(parts[0][1], own)
        trimmed = list(_parts(text.strip()))
        if len(trimmed) == 1 and trimmed[0][0]:
            return self._evaluated(trimmed[0][1], own)
        return "".join(_written(self._evaluated(part, own)) if is_code else part for is_code, part in parts)

    def _evaluated(self, code: str, own: Any) -> Any:
        scope = {"inputs": self.inputs, "self": own, "runtime": self.runtime}
        if _is_reference(code):
            return _referred(code[2:-1].strip(), scope)
        if self.library is None:
            raise ExpressionError(f"{code}: no parameter reference, and the tool does not ask for JavaScript")
        return self._javascript(code, scope)

    def _javascript(self, code: str, scope: Mapping[str, Any]) -> Any:
        import quickjs

        context = quickjs.Context()
        context.set_memory_limit(MEMORY)
        context.set_time_limit(SECONDS)
        lines = [*(self.library or []), *(f"var {name} = {json.dumps(value)};" for name, value in scope.items())]
        body = f"return ({code[2:-1]}\n);" if code.startswith("$(") else code[2:-1]
        lines.append(f"JSON.stringify((function() {{ {body}\n }})())")
        try:
            found = context.eval("\n".join(lines))
        except quickjs.JSException as error:
            raise ExpressionError(f"{code}: {error}") from None
        return None if found is None else json.loads(found)


def _referred(text: str, scope: Mapping[str, Any]) -> Any:
    """The value of a parameter reference. Raises `ExpressionError`."""
    first = _FIRST.match(text)
    if first is None or text == "null":
        return None
    position, value, done = first.end(), scope[first[0]], first[0]
    while match := _SEGMENT.match(text, position):
        position = match.end()
        value = _member(value, match, f"$({text})", done)
        done += match[0]
    return value


def _member(value: Any, match: re.Match[str], whole: str, done: str) -> Any:
    if match[4] is not None:
        if not isinstance(value, list) or int(match[4]) >= len(value):
            raise ExpressionError(f"{whole}: {done} has no element {match[4]}")
        return value[int(match[4])]
    name = match[1] or re.sub(r"\\(.)", r"\1", match[2] if match[2] is not None else match[3])
    if isinstance(value, Mapping):
        if name in value:
            return value[name]
        if name == "listing" and value.get("class") == "Directory":
            return with_listing(dict(value), "shallow_listing")["listing"]
        if value.get("class") in ("File", "Directory"):
            return None
        raise ExpressionError(f"{whole}: {done} has no `{name}`")
    if isinstance(value, list) and name == "length" and match[1]:
        return len(value)
    raise ExpressionError(f"{whole}: {done} has no `{name}`")


def _parts(text: str) -> list[tuple[bool, str]]:
    """Text and code in turn. `\\$(` stands for itself, and a backslash before a backslash for one."""
    parts: list[tuple[bool, str]] = []
    plain, position = "", 0
    while position < len(text):
        if text.startswith(("\\$(", "\\${"), position):
            plain, position = plain + text[position + 1 : position + 3], position + 3
        elif text.startswith("\\\\", position):
            plain, position = plain + "\\", position + 2
        elif text.startswith(("$(", "${"), position):
            end = _end(text, position + 1)
            if plain:
                parts.append((False, plain))
            parts.append((True, text[position:end]))
            plain, position = "", end
        else:
            plain, position = plain + text[position], position + 1
    return [*parts, (False, plain)] if plain or not parts else parts


def _end(text: str, start: int) -> int:
    """Where the bracket that opens at `start` is closed; brackets in strings do not count."""
    pairs, open_, quote, position = {")": "(", "}": "{", "]": "["}, [], "", start
    while position < len(text):
        sign = text[position]
        if quote:
            position += sign == "\\"
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "({[":
            open_.append(sign)
        elif sign in pairs:
            if not open_ or open_.pop() != pairs[sign]:
                break
            if not open_:
                return position + 1
        position += 1
    raise ExpressionError(f"{text[start - 1 :]}: a bracket is not closed")


def _written(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    return value if isinstance(value, str) else json.dumps(value)


def number(value: float) -> str:
    """A number without an exponent, and without a fraction where it has none."""
    return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")


def needs_javascript(value: Any) -> bool:
    """Whether a document has an expression that is no parameter reference."""
    if isinstance(value, Mapping):
        return any(needs_javascript(each) for each in value.values())
    if isinstance(value, list):
        return any(map(needs_javascript, value))
    if not isinstance(value, str) or not ("$(" in value or "${" in value):
        return False
    return any(is_code and not _is_reference(part) for is_code, part in _parts(value))


def _is_reference(code: str) -> bool:
    text = code[2:-1].strip()
    first = _FIRST.match(text) if code.startswith("$(") else None
    position = first.end() if first and first[0] in ("inputs", "self", "runtime") else None
    while position is not None and position < len(text):
        match = _SEGMENT.match(text, position)
        position = match.end() if match else None
    return position is not None or text == "null"
