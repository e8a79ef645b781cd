"""JSONPath as state machines use it: a path that can mean one place gives its value, any other a list. Standard library only.

`econda import` puts a copy of this file beside the pipeline. The language is that of Jayway's JsonPath, which AWS uses: names, indexes,
slices, unions, wildcards, descent and filters, no functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_NAME = re.compile(r"[^\s.\[\]()*,:?@$'\"!=<>&|~]+")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_INDEX = re.compile(r"-?\d+")
_OPERATOR = re.compile(r"==|!=|<=|>=|=~|<|>|in\b")
_REGEX = re.compile(r"/((?:[^/\\]|\\.)*)/(i?)")
_SLICE = re.compile(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?")

Step = Callable[[Any, Any], Iterator[Any]]
"""From a value (and the whole document) to the values below it that are meant."""


class BadPath(ValueError):
    """A text that is no path of this language."""


@dataclass(frozen=True)
class Path:
    """`definite`: it can mean one place only. `keys` are the names and indexes of a definite one."""

    steps: tuple[Step, ...]
    definite: bool
    keys: tuple[str | int, ...]

    def values(self, document: Any) -> list[Any]:
        found = [document]
        for step in self.steps:
            found = [each for value in found for each in step(value, document)]
        return found


def find(text: str, document: Any) -> Any:
    """What a path means in a document. Raises `LookupError` if a definite one leads nowhere, `BadPath`."""
    path = parsed(text)
    found = path.values(document)
    if not path.definite:
        return found
    if not found:
        raise LookupError(text)
    return found[0]


@lru_cache(maxsize=1_024)
def parsed(text: str) -> Path:
    """Read a path, which begins with `$`. Raises `BadPath`."""
    reader = _Reader(text)
    path = reader.path("$")
    reader.end()
    return path


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def end(self) -> None:
        if self.at < len(self.text):
            raise BadPath(f"{self.text!r} is not understood from {self.text[self.at :]!r} on")

    def skip(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def takes(self, sign: str) -> bool:
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def wants(self, sign: str) -> None:
        if not self.takes(sign):
            raise BadPath(f"{self.text!r}: `{sign}` is missing at {self.text[self.at :]!r}")

    def matched(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def path(self, start: str) -> Path:
        self.wants(start)
        steps: list[Step] = []
        keys: list[str | int] = []
        definite = True
        while True:
            if self.takes(".."):
                steps.append(_descend)
                definite = False
                if self.text[self.at : self.at + 1] != "[":
                    self.named(steps, keys)
            elif self.takes("."):
                definite = self.named(steps, keys) and definite
            elif self.takes("["):
                definite = self.bracket(steps, keys) and definite
            else:
                return Path(tuple(steps), definite, tuple(keys))

    def named(self, steps: list[Step], keys: list[str | int]) -> bool:
        if self.takes("*"):
            steps.append(_all)
            return False
        found = self.matched(_NAME)
        if found is None or self.text[self.at : self.at + 1] == "(":
            raise BadPath(f"{self.text!r}: a name is missing, or it is a function, which is not carried over")
        steps.append(_child(found[0]))
        keys.append(found[0])
        return True

    def bracket(self, steps: list[Step], keys: list[str | int]) -> bool:
        self.skip()
        if self.takes("?"):
            self.wants("(")
            test = self.either()
            self.skip()
            self.wants(")")
            steps.append(_filtered(test))
            definite = False
        elif self.takes("*"):
            steps.append(_all)
            definite = False
        elif found := self.matched(_SLICE):
            low, high, step = (int(each) if each else None for each in found.groups())
            steps.append(_sliced(slice(low, high, step)))
            definite = False
        else:
            chosen = self.chosen()
            steps.append(_union([_child(each) for each in chosen]))
            keys += chosen[:1]
            definite = len(chosen) == 1
        self.skip()
        self.wants("]")
        return definite

    def chosen(self) -> list[str | int]:
        found: list[str | int] = []
        while True:
            self.skip()
            if quoted := self.matched(_QUOTED):
                found.append(_unescaped(quoted))
            elif number := self.matched(_INDEX):
                found.append(int(number[0]))
            else:
                raise BadPath(f"{self.text!r}: a name or number is missing at {self.text[self.at :]!r}")
            self.skip()
            if not self.takes(","):
                return found

    def either(self) -> Test:
        tests = [self.both()]
        while self._operator("||"):
            tests.append(self.both())
        return lambda value, document: any(test(value, document) for test in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self._operator("&&"):
            tests.append(self.one())
        return lambda value, document: all(test(value, document) for test in tests)

    def _operator(self, sign: str) -> bool:
        self.skip()
        return self.takes(sign)

    def one(self) -> Test:
        self.skip()
        if self.takes("!"):
            test = self.one()
            return lambda value, document: not test(value, document)
        if self.takes("("):
            test = self.either()
            self.skip()
            self.wants(")")
            return test
        return self.comparison()

    def comparison(self) -> Test:
        left = self.operand()
        self.skip()
        sign = self.matched(_OPERATOR)
        if sign is None:
            return lambda value, document: any(True for _ in left(value, document))
        self.skip()
        if sign[0] == "=~":
            found = self.matched(_REGEX)
            if found is None:
                raise BadPath(f"{self.text!r}: `=~` needs /a pattern/")
            pattern = re.compile(found[1], re.IGNORECASE if found[2] else 0)
            return lambda value, document: any(
                isinstance(each, str) and pattern.fullmatch(each) is not None for each in left(value, document)
            )
        right = self.operand()
        compare = _COMPARE[sign[0]]
        return lambda value, document: _compared(left(value, document), right(value, document), compare)

    def operand(self) -> Step:
        self.skip()
        here = self.text[self.at : self.at + 1]
        if here in ("@", "$"):
            path = self.path(here)
            return lambda value, document: iter(path.values(value if here == "@" else document))
        if quoted := self.matched(_QUOTED):
            return _constant(_unescaped(quoted))
        if number := self.matched(_NUMBER):
            return _constant(json.loads(number[0]))
        for word, value in (("true", True), ("false", False), ("null", None)):
            if self.takes(word):
                return _constant(value)
        if self.takes("["):
            values = [] if self.takes("]") else self.chosen()
            if values:
                self.skip()
                self.wants("]")
            return _constant(values)
        raise BadPath(f"{self.text!r}: a value is missing at {self.text[self.at :]!r}")


Test = Callable[[Any, Any], bool]


def _unescaped(quoted: re.Match[str]) -> str:
    return re.sub(r"\\(.)", r"\1", quoted[1] if quoted[1] is not None else quoted[2])


def _constant(value: Any) -> Step:
    return lambda _value, _document: iter([value])


def _child(key: str | int) -> Step:
    def step(value: Any, _: Any) -> Iterator[Any]:
        if isinstance(key, str):
            if isinstance(value, dict) and key in value:
                yield value[key]
        elif isinstance(value, list) and -len(value) <= key < len(value):
            yield value[key]

    return step


def _union(steps: list[Step]) -> Step:
    return lambda value, document: (each for step in steps for each in step(value, document))


def _all(value: Any, _: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _descend(value: Any, document: Any) -> Iterator[Any]:
    yield value
    for each in _all(value, document):
        yield from _descend(each, document)


def _sliced(part: slice) -> Step:
    return lambda value, _: iter(value[part] if isinstance(value, list) else [])


def _filtered(test: Test) -> Step:
    def step(value: Any, document: Any) -> Iterator[Any]:
        values = [value] if isinstance(value, dict) else value if isinstance(value, list) else []
        return (each for each in values if test(each, document))

    return step


def same(left: Any, right: Any) -> bool:
    """Whether two values of JSON are equal: `true` is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return (type(left) is type(right) and left == right) or (_numeric(left) and _numeric(right) and left == right)


def _numeric(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ordered(left: Any, right: Any) -> bool:
    return (_numeric(left) and _numeric(right)) or (isinstance(left, str) and isinstance(right, str))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": same,
    "!=": lambda left, right: not same(left, right),
    "<": lambda left, right: _ordered(left, right) and left < right,
    "<=": lambda left, right: _ordered(left, right) and left <= right,
    ">": lambda left, right: _ordered(left, right) and left > right,
    ">=": lambda left, right: _ordered(left, right) and left >= right,
    "in": lambda left, right: isinstance(right, list) and any(same(left, each) for each in right),
}


def _compared(left: Iterator[Any], right: Iterator[Any], compare: Callable[[Any, Any], bool]) -> bool:
    ours, theirs = list(left), list(right)
    return bool(ours) and bool(theirs) and compare(ours[0], theirs[0])
