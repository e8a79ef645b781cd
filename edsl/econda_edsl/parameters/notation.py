"""Lists, maps and records written on one line, as JSON or as EDSL writes them: `{rate: 0.5}`, `[1, 2]`, `Options(rate = 0.5)`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from econda_edsl.parameters.given import Called, Plain

_DEEPEST = 64
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'')
_BARE = re.compile(r"[^\s,\[\]{}()\"'][^,\[\]{}()\n]*")
_KEY = re.compile(r"[^\s,:=\[\]{}()\"'][^,:=\[\]{}()\n]*")
_CALL = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)\s*\(")
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_NAMED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class BadNotation(ValueError):
    """Text that is neither JSON nor EDSL's notation; the message says what is wrong with it, and where."""


def read_json(text: str) -> Any:
    """JSON whose numbers keep their text. Raises `BadNotation`."""
    try:
        return json.loads(text, parse_float=Plain, parse_int=Plain, parse_constant=Plain, object_pairs_hook=_once)
    except RecursionError:
        raise BadNotation("it is nested too deep") from None
    except json.JSONDecodeError as error:
        raise BadNotation(f"it is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None


def read_notation(text: str) -> Any:
    """A list, map or record as raw values. Raises `BadNotation`."""
    try:
        return read_json(text)
    except BadNotation:
        reader = _Reader(text.strip())
        value = reader.value(0)
        reader.end()
        return value


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        _put(found, key, value)
    return found


def _put(found: dict[str, Any], key: str, value: Any) -> None:
    if key in found:
        raise BadNotation(f"`{key[:40]}` is given twice")
    found[key] = value


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def value(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise BadNotation("it is nested too deep")
        self.blanks()
        if self.takes("["):
            items: list[Any] = []
            self.until("]", lambda: items.append(self.value(depth + 1)))
            return items
        if self.takes("{"):
            return self.entries("}", ":", depth)
        if call := _CALL.match(self.text, self.at):
            self.at = call.end()
            return Called(call[1].rpartition(".")[2], self.entries(")", "=", depth))
        return self.quoted() if self.text[self.at : self.at + 1] in ('"', "'") else self.bare(_BARE, "a value")

    def entries(self, closer: str, sign: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def entry() -> None:
            self.blanks()
            key = self.quoted() if self.text[self.at : self.at + 1] in ('"', "'") else self.bare(_KEY, "a name")
            self.blanks()
            if not self.takes(sign) and not self.takes(":" if sign == "=" else "="):
                raise self.wrong(f"`{sign}`")
            _put(found, str(key), self.value(depth + 1))

        self.until(closer, entry)
        return found

    def until(self, closer: str, element: Callable[[], None]) -> None:
        """Elements with commas between them, perhaps one after the last."""
        self.blanks()
        while not self.takes(closer):
            element()
            self.blanks()
            if not self.takes(",") and self.text[self.at : self.at + 1] != closer:
                raise self.wrong(f"`,` or `{closer}`")
            self.blanks()

    def quoted(self) -> str:
        match = _QUOTED.match(self.text, self.at)
        if match is None:
            raise self.wrong("the quote that ends it")
        self.at = match.end()
        return _ESCAPE.sub(_unescaped, match[0][1:-1])

    def bare(self, pattern: re.Pattern[str], wanted: str) -> Plain:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise self.wrong(wanted)
        self.at = match.end()
        return Plain(match[0].strip())

    def end(self) -> None:
        self.blanks()
        if self.at < len(self.text):
            raise self.wrong("the end")

    def blanks(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def takes(self, sign: str) -> bool:
        found = self.text.startswith(sign, self.at)
        self.at += len(sign) if found else 0
        return found

    def wrong(self, wanted: str) -> BadNotation:
        found = self.text[self.at : self.at + 12]
        return BadNotation(f"{wanted} is missing {f'before `{found}`' if found else 'at its end'}")


def _unescaped(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    if digits is None:
        return _NAMED.get(match[3], match[3])
    try:
        return chr(int(digits, 16))
    except ValueError:
        raise BadNotation(f"`{match[0]}` is no character") from None
