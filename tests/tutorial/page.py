"""The tutorial as data: ten steps, each with the files it writes and the commands it shows with their answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).parents[2] / "docs" / "tutorial.md"
_STEP = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)^```$", re.MULTILINE)


@dataclass(frozen=True)
class Written:
    """A block with a file's name beside its language, and perhaps `wrong`, to be refused, or `untidy`, for `fmt`."""

    name: str
    text: str
    mark: str


@dataclass(frozen=True)
class Typed:
    """A command with what it answers; `place` is where the answer stands in the page. `fails` stands beside `console`."""

    command: str
    answer: str
    place: tuple[int, int]
    fails: bool = False


@dataclass(frozen=True)
class Step:
    number: int
    title: str
    blocks: tuple[Written | Typed, ...]


def read(page: str) -> list[Step]:
    """All steps. Raises `ValueError` for a fence that is neither a named file nor `console`, or stands in no step."""
    heads = list(_STEP.finditer(page))
    ends = [*(h.start() for h in heads[1:]), len(page)]
    first = heads[0].start() if heads else len(page)
    if _FENCE.search(page, 0, first):
        raise ValueError("a block before the first step")
    return [Step(int(h[1]), h[2], tuple(_blocks(page, h.end(), end))) for h, end in zip(heads, ends)]


def _blocks(page: str, start: int, end: int) -> list[Written | Typed]:
    found: list[Written | Typed] = []
    for fence in _FENCE.finditer(page, start, end):
        match fence[1].split():
            case ["console", *marks] if marks in ([], ["fails"]):
                found += _commands(fence, fails=bool(marks))
            case ["edsl" | "python", name, *marks] if marks in ([], ["wrong"], ["untidy"]):
                found.append(Written(name, fence[2], "".join(marks)))
            case _:
                raise ValueError(f"what is to be done with a block of `{fence[1]}`?")
    return found


def _commands(fence: re.Match[str], *, fails: bool) -> list[Typed]:
    starts = [m.start() for m in re.finditer(r"^\$ ", fence[2], re.MULTILINE)]
    if not starts or starts[0] != 0:
        raise ValueError("a console begins with `$ ` and a command")
    found = []
    for start, end in zip(starts, [*starts[1:], len(fence[2])]):
        line, _, answer = fence[2][start:end].partition("\n")
        at = fence.start(2) + start + len(line) + 1
        found.append(Typed(line.removeprefix("$ "), answer, (at, at + len(answer)), fails))
    return found


def same(shown: str, found: str) -> bool:
    """Whether an answer is the one shown, where `…` and the spaces after it stand for what differs from run to run."""
    pattern = ".*".join(re.escape(part) for part in re.split("… *", shown.rstrip()))
    return re.fullmatch(pattern, found.rstrip()) is not None
