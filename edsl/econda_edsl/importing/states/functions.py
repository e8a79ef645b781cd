"""The intrinsic functions of the States Language, as its specification has them. Standard library only.

`econda import` puts a copy of this file beside the pipeline.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import random
import re
import uuid
from collections.abc import Callable
from typing import Any

from econda_edsl.importing.states.paths import BadPath, same

ARRAY_MOST = 1_000
"""Members that `States.ArrayRange` makes at most."""

_CALL = re.compile(r"\s*States\.(\w+)\(")
_TEXT = re.compile(r"\s*'((?:[^'\\]|\\.)*)'\s*", re.DOTALL)
_PLAIN = re.compile(r"\s*([^\s,()']+)\s*")
_NESTED_MOST = 10


class IntrinsicFailure(ValueError):
    """`States.IntrinsicFailure`: a function cannot do with its arguments what it is for."""


Look = Callable[[str], Any]
"""What a path means."""


def call(text: str, look: Look) -> Any:
    """The value of a function with its arguments. Raises `IntrinsicFailure`, `BadPath` and what `look` raises."""
    return _Reader(text).value(look)


def names_in(text: str) -> list[str]:
    """The functions that are called in a text; those in its strings too."""
    return re.findall(r"States\.(\w+)\(", text)


def paths_in(text: str) -> list[str]:
    """The paths among the arguments of a function. Raises `BadPath` if the text is no call."""
    found: list[str] = []
    reader = _Reader(text)
    reader.argument(0, found.append, lambda _name, _values: None)
    reader.end()
    return found


class _Literal(str):
    """A string as it stands in a call: a backslash takes the meaning of quotes, braces and itself."""

    def __new__(cls, raw: str) -> _Literal:
        made = super().__new__(cls, re.sub(r"\\(['{}\\])", r"\1", raw))
        made.raw = raw
        return made

    raw: str


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def value(self, look: Look) -> Any:
        found = self.argument(0, look, _applied)
        self.end()
        return found

    def end(self) -> None:
        if self.text[self.at :].strip():
            raise BadPath(f"{self.text!r} is not understood from {self.text[self.at :]!r} on")

    def matched(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def argument(self, depth: int, look: Look, apply: Callable[[str, list[Any]], Any]) -> Any:
        if depth > _NESTED_MOST:
            raise BadPath(f"{self.text!r}: functions are nested more than {_NESTED_MOST} deep")
        if found := self.matched(_CALL):
            values: list[Any] = []
            while not self.matched(_CLOSED):
                if values and not self.matched(_COMMA):
                    raise BadPath(f"{self.text!r}: a comma is missing at {self.text[self.at :]!r}")
                values.append(self.argument(depth + 1, look, apply))
            return apply(found[1], values)
        if found := self.matched(_TEXT):
            return _Literal(found[1])
        if (path := self._path()) is not None:
            return look(path)
        if found := self.matched(_PLAIN):
            try:
                return json.loads(found[1])
            except ValueError:
                pass
        raise BadPath(f"{self.text!r}: an argument is missing at {self.text[self.at :]!r}")

    def _path(self) -> str | None:
        """A path up to the comma or bracket that ends it."""
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        if self.text[self.at : self.at + 1] != "$":
            return None
        start, depth, quote = self.at, 0, ""
        while self.at < len(self.text):
            sign = self.text[self.at]
            if quote:
                quote = "" if sign == quote else quote
            elif sign in "'\"":
                quote = sign
            elif sign in "[(":
                depth += 1
            elif sign in "])" and depth:
                depth -= 1
            elif sign in ",)" and not depth:
                break
            self.at += 1
        return self.text[start : self.at].strip()


_CLOSED, _COMMA = re.compile(r"\s*\)\s*"), re.compile(r"\s*,\s*")


def _applied(name: str, values: list[Any]) -> Any:
    function = FUNCTIONS.get(name)
    if function is None:
        raise IntrinsicFailure(f"States.{name} is no function of the language")
    try:
        return function(*values)
    except IntrinsicFailure:
        raise
    except Exception as error:
        raise IntrinsicFailure(f"States.{name}: {type(error).__name__}: {error}") from error


def compact(value: Any) -> str:
    """JSON as functions write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _format(text: str, *values: Any) -> str:
    parts = re.split(r"(\\['{}\\]|\{\})", text.raw if isinstance(text, _Literal) else text)
    if parts.count("{}") != len(values):
        raise IntrinsicFailure(f"States.Format: {parts.count('{}')} places and {len(values)} values")
    left = iter(values)
    return "".join(
        _shown(next(left)) if part == "{}" else part[1:] if len(part) == 2 and part[0] == "\\" else part
        for part in parts
    )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else compact(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise IntrinsicFailure(f"{value!r:.60} is no array")
    return value


def _whole(value: Any) -> int:
    """The nearest integer, halves away from nought."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise IntrinsicFailure(f"{value!r:.60} is no number")
    return value if isinstance(value, int) else int(math.copysign(math.floor(abs(value) + 0.5), value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise IntrinsicFailure(f"{value!r:.60} is no string")
    return value


def _partition(values: Any, size: Any) -> list[Any]:
    count = _whole(size)
    if count < 1:
        raise IntrinsicFailure("States.ArrayPartition: the size of a part must be positive")
    return [_list(values)[start : start + count] for start in range(0, len(values), count)]


def _range(first: Any, last: Any, step: Any) -> list[int]:
    begin, end, by = _whole(first), _whole(last), _whole(step)
    if by == 0:
        raise IntrinsicFailure("States.ArrayRange: the step must not be 0")
    found = list(range(begin, end + (1 if by > 0 else -1), by))
    if len(found) > ARRAY_MOST:
        raise IntrinsicFailure(f"States.ArrayRange: more than {ARRAY_MOST:,} members")
    return found


def _unique(values: Any) -> list[Any]:
    found: list[Any] = []
    for each in _list(values):
        if not any(same(each, other) for other in found):
            found.append(each)
    return found


def _hash(value: Any, algorithm: Any) -> str:
    names = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
    return hashlib.new(names[algorithm], _shown(value).encode()).hexdigest()


def _merge(first: Any, second: Any, deep: Any) -> Any:
    if deep is not False:
        raise IntrinsicFailure("States.JsonMerge: only shallow merging (`false`) is there")
    if not isinstance(first, dict) or not isinstance(second, dict):
        raise IntrinsicFailure("States.JsonMerge: both must be objects")
    return {**first, **second}


def _random(first: Any, last: Any, seed: Any = None) -> int:
    """From the first, which may be the result, to the last, which may not."""
    return (random.Random(_whole(seed)) if seed is not None else random).randrange(_whole(first), _whole(last))


def _split(text: Any, by: Any) -> list[str]:
    """At any of the characters; what is empty is left out."""
    return [part for part in re.split(f"[{re.escape(_text(by))}]", _text(text)) if part] if by else [_text(text)]


def _item(values: Any, index: Any) -> Any:
    found, at = _list(values), _whole(index)
    if not 0 <= at < len(found):
        raise IntrinsicFailure(f"States.ArrayGetItem: there is no {at} in {len(found)} members")
    return found[at]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Format": _format,
    "StringToJson": lambda text: json.loads(_text(text)),
    "JsonToString": compact,
    "Array": lambda *values: list(values),
    "ArrayPartition": _partition,
    "ArrayContains": lambda values, wanted: any(same(each, wanted) for each in _list(values)),
    "ArrayRange": _range,
    "ArrayGetItem": _item,
    "ArrayLength": lambda values: len(_list(values)),
    "ArrayUnique": _unique,
    "Base64Encode": lambda text: base64.b64encode(_text(text).encode()).decode(),
    "Base64Decode": lambda text: base64.b64decode(_text(text), validate=True).decode(),
    "Hash": _hash,
    "JsonMerge": _merge,
    "MathRandom": _random,
    "MathAdd": lambda first, second: _whole(first) + _whole(second),
    "StringSplit": _split,
    "UUID": lambda: str(uuid.uuid4()),
}
"""All there are (States Language, "Intrinsic Functions")."""
