"""What stands in for a line that does not parse, so that those around it can be read: as much of it as can be told."""

from __future__ import annotations

import re
from typing import NamedTuple

HOLE = "__hole__"
"""A value of which nothing is known: no phase complains of it, and no text with it is compiled."""

_BOUND = re.compile(r"\s*(?:carry\s+|next\s+)?([a-z_]\w*)\s*(?::[^=]*)?=(?!=)\s*(.*)")
_VARIABLES = re.compile(r"(?:\b(?:foreach|for)\s+|,\s*)([a-z_]\w*)\s+in\b")
_HEADER = re.compile(r"(task|operator|pipeline|policy|pool|connector|secret|trigger|let|type)\s+([A-Za-z_]\w*)")
_LOOPS = ("foreach", "for", "while", "loop")
_RUN = re.compile(r"run\s+([a-z]+)")


class StandIn(NamedTuple):
    """`keeps_block`: whether the lines below, which are deeper, still belong to it; `dubious`: whether what is known of the
    values in them has changed."""

    text: str
    keeps_block: bool = True
    dubious: bool = False


def of_header(line: str) -> str | None:
    """The first line of a declaration, without what it takes and gives; None where nothing can stand for it."""
    found = _HEADER.match(line)
    if found is None or re.match(r"let\s+\w+\s*\(", line):
        return None
    word, name = found[1], found[2]
    if word in ("task", "operator", "pipeline"):
        return f"{word} {name}():"
    if word in ("pool", "connector", "secret", "trigger"):
        return f"{word} {name} is {HOLE}:"
    if word == "policy":
        return f"policy {name}:"
    return f"let {name} = {HOLE}" if word == "let" else f"type {name}:" if line.rstrip().endswith(":") else None


def of_field(line: str, number: int) -> StandIn:
    """A field of a record, or of a state."""
    return StandIn(f"{_margin(line)}{_filler(number)}: Int = 0", keeps_block=False)


def of_line(line: str, number: int, *, task: bool, opens: bool) -> StandIn:
    """A line of a task or of anything else; `opens` is whether the lines below it are deeper."""
    margin, text = _margin(line), line.strip()
    word = re.split(r"\W", text, maxsplit=1)[0]
    if opens and (found := _of_opening(text, word, number, task)):
        return StandIn(margin + found.text, found.keeps_block, found.dubious)
    bound = _BOUND.match(line)
    if bound is None:
        return StandIn(f"{margin}{_filler(number)} = none", keeps_block=False)
    if word == "next":
        return StandIn(f"{margin}next {bound[1]} = {HOLE}", keeps_block=False)
    return StandIn(f"{margin}{bound[1]} = {HOLE}", keeps_block=False)


def _of_opening(text: str, word: str, number: int, task: bool) -> StandIn | None:
    if task:
        if word == "run":
            found = _RUN.match(text)
            return StandIn(f"run {found[1] if found else 'python'}:")
        return StandIn(f"{word}:") if word in ("needs", "state") else None
    bound = _BOUND.match(text)
    after = bound[2] if bound else text
    if re.match(rf"({'|'.join(_LOOPS)})\b", after):
        name = f"{bound[1]} = " if bound else ""
        variables = _VARIABLES.findall(after) or [_filler(number)]
        return StandIn(f"{name}foreach {', '.join(f'{each} in {HOLE}' for each in variables)}:")
    if bound:
        return None
    if word in ("else", "elif", "elsif"):
        chained = word != "else" or re.match(r"else\s+(if|when)\b", text)
        return StandIn(f"else when {HOLE}:" if chained else "else:", dubious=True)
    if word in ("when", "if"):
        return StandIn(f"when {HOLE}:", dubious=True)
    if word == "repeat":
        return StandIn("repeat up to 1:")
    return StandIn("with:") if word == "with" else StandIn("on failure:") if word == "on" else None


def bound_in(line: str) -> list[str]:
    """The names that a line binds, if it can be told."""
    bound, header = _BOUND.match(line), _HEADER.match(line)
    return [*([bound[1]] if bound else []), *_VARIABLES.findall(line), *([header[2]] if header else [])]


def _filler(number: int) -> str:
    """A name that no other line has."""
    return f"__line{number}__"


def _margin(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))]
