"""Four times the text is four times the work, whatever is wrong with it: work is counted in lines, not in seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.formatting.source import format_source

HEAD = "edsl 1\n\n"
PIPELINE = HEAD + "pipeline p(a: Int) -> (x: Int):\n"
SMALL = 3_000
MIB = 1 << 20


def repeated(pattern: str, size: int) -> str:
    """So many copies of a pattern, `@` in it their number and `^` the one before, that `size` characters come out."""
    count = max(2, size // len(pattern))
    return "".join(pattern.replace("@", str(i)).replace("^", str(i - 1)) for i in range(1, count))


SHAPES: dict[str, Callable[[int], str]] = {
    "unknown names among as many": lambda n: HEAD + repeated("let a@ = b@\n", n),
    "unknown names in steps": lambda n: PIPELINE + repeated("    assert y@ > 1\n", n) + "    return x = a\n",
    "closing brackets": lambda n: HEAD + "let x = " + ")" * n,
    "brackets never closed": lambda n: HEAD + repeated("let a@ = (\n", n),
    "braces in a string": lambda n: HEAD + 'let x = "' + repeated("{@}", n) + '"\n',
    "a long list": lambda n: HEAD + "let x = [" + repeated("@, ", n) + "]\n",
    "a record": lambda n: HEAD + "let x = {" + repeated("a@: @, ", n) + "}\n",
    "a choice": lambda n: HEAD + "type T = " + repeated('"w@" | ', n) + '"w"\n',
    "inputs": lambda n: HEAD + "task t(" + repeated("a@: Int = @, ", n) + "):\n    run shell:\n        true\n",
    "steps in a row": lambda n: PIPELINE + "    s0 = a\n" + repeated("    s@ = s^ + 1\n", n) + "    return x = s1\n",
    "one name again and again": lambda n: HEAD + repeated("let a = @\n", n),
    "names that differ by case": lambda n: HEAD + repeated("let aB@ = 1\nlet ab@ = 1\n", n),
    "branches": lambda n: (
        PIPELINE + "    when a > 1:\n        x = 1\n" + repeated("    else when a > @:\n        x = @\n", n)
    ),
    "loops": lambda n: PIPELINE + repeated("    foreach i in [1]:\n        assert a > i\n", n) + "    return x = a\n",
    "policies that extend": lambda n: HEAD + repeated("policy p@ extends p^:\n    minimize offer.cost\n", n),
    "constants that need each other": lambda n: HEAD + "let a0 = 1\n" + repeated("let a@ = a^ + 1\n", n),
    "types": lambda n: HEAD + repeated("type T@:\n    a: Int\n\n", n),
    "tasks": lambda n: HEAD + repeated("task t@():\n    run shell:\n        true\n\n", n),
}
SIZES = {"policies that extend": 12_000}
"""A step along a chain costs little beside the reading of a policy, so it takes a long chain to tell."""
PLAIN: dict[str, Callable[[int], str]] = {
    "opening brackets": lambda n: HEAD + "let x = " + "(" * n,
    "quotes": lambda n: HEAD + '"' * n,
    "one string": lambda n: HEAD + 'let x = "' + "a" * n + '"\n',
    "comments": lambda n: HEAD + "# c\n" * (n // 4),
    "blank lines": lambda n: HEAD + "\n" * n,
    "spaces": lambda n: HEAD + " " * n,
    "deep margins": lambda n: HEAD + "pipeline p():\n" + "".join(" " * i + "when true:\n" for i in range(1, int((2 * n) ** 0.5) - 10)),
    "a doc without end": lambda n: HEAD + 'task t():\n    """' + "a\n" * (n // 2),
    "a code body": lambda n: HEAD + "task t():\n    run shell:\n" + "        x\n" * (n // 10),
}  # fmt: skip


def work_of(work: Callable[[], object]) -> int:
    """How many lines of Python are executed, a loop's once for each turn: a loop may go round without calling anything."""
    count = 0

    def note(_frame: FrameType, _event: str, _argument: Any) -> Any:
        nonlocal count
        count += 1
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def grows(shape: Callable[[int], str], work: Callable[[str], object], size: int = SMALL) -> float:
    work(shape(100))  # what is built once
    small, large = shape(size), shape(4 * size)
    return work_of(lambda: work(large)) / work_of(lambda: work(small)) / (len(large) / len(small))


@pytest.mark.parametrize("name", SHAPES)
def test_the_work_of_the_compiler_grows_with_the_text(name: str) -> None:
    assert grows(SHAPES[name], lambda text: compile_source(text).render(), SIZES.get(name, SMALL)) < 1.3


@pytest.mark.parametrize("name", ["braces in a string", "a long list", "steps in a row", "inputs"])
def test_the_work_of_the_formatter_grows_with_the_text(name: str) -> None:
    assert grows(SHAPES[name], format_source) < 1.3


def test_work_that_grows_faster_is_noticed() -> None:
    def pairs(text: str) -> int:
        return sum(len(a) for a in text[:100] for _ in text[: len(text) // 80])

    assert grows(lambda n: "a" * n, lambda text: [pairs(text) for _ in range(len(text) // 1000)]) > 2


@pytest.mark.parametrize("name", PLAIN)
def test_a_mebibyte_takes_twice_as_long_as_half_of_it(name: str) -> None:
    """What is done in C is not counted, so time is compared, the best of some tries, for shapes that are quick."""

    def seconds(size: int) -> float:
        text = PLAIN[name](size - 200)
        started = time.process_time()
        compile_source(text).render()
        return time.process_time() - started

    for _ in range(4):
        half, whole = seconds(MIB // 2), seconds(MIB)
        if whole < 3 * half + 0.05:
            return
    pytest.fail(f"{whole:.2f} s for 1 MiB, {half:.2f} s for half of it")
