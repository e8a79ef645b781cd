"""One line that does not parse hides no other error of its declaration, and no error is made of what stands in for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from econda_edsl.compiler.compile import compile_source

ROOT = Path(__file__).parent.parent.parent
MISTAKES = """edsl 1

task f(x: int, z: str) -> (y: List[str]):
    timeout = 30m
    needs:
        memory = 16gb
        cpu = "a"
    run python:
        y = z

pipeline main(names: List[str], n: Int = 1) -> (y: List[String]):
    a = f(1, z: "a")
    b = f(n, "z", timeout = 3h)
    c = f(typo, "z")
    q = "a" + 1
    for i in 1..3:
        e = f(nowhere, "z")
    if n = 1:
        w = f(n && 2, "z")
    return y = b.y
"""
SAID = {3: ["E0101"] * 3, 4: ["E0120"], 6: ["E0120"], 7: ["E0301"], 11: ["E0101"], 12: ["E0101"], 13: ["E0302"], 14: ["E0201"],
        15: ["E0304"], 16: ["E0110"], 17: ["E0201"], 18: ["E0110"], 19: ["E0111"]}  # fmt: skip
SOURCES = {
    path.parent.name if path.name == "source.edsl" else path.stem: path.read_text()
    for path in (*sorted((Path(__file__).parent / "ok").glob("*/source.edsl")), *sorted((ROOT / "edsl" / "examples").glob("*.edsl")))
}  # fmt: skip
BREAKS = {
    "a unit of others": lambda line: line.rstrip() + " 3Q",
    "a sign": lambda line: re.sub(r"(\S)(\s*)$", r"\1 && \2", line, count=1),
    "a bracket too few": lambda line: line.rstrip() + " (",
    "a quote too few": lambda line: line.rstrip() + ' "',
    "a word too many": lambda line: line.rstrip() + " then now",
    "no end": lambda line: line.rstrip()[: max(len(line) - len(line.lstrip()) + 2, len(line.rstrip()) * 2 // 3)],
    "a sign before": lambda line: re.sub(r"^( *)", r"\1! ", line),
}


def in_code(lines: list[str]) -> set[int]:
    """Lines of code under `run`, of docs, and comments: what is in them is not of the grammar."""
    found: set[int] = set()
    margin, doc = None, False
    for i, line in enumerate(lines):
        depth = len(line) - len(line.lstrip())
        if margin is not None and line.strip() and depth <= margin:
            margin = None
        quotes = line.count('"""')
        if margin is not None or doc or quotes or line.lstrip().startswith("#") or not line.strip():
            found.add(i)
        doc = doc != (quotes == 1)
        if re.match(r"\s*run \w+:", line):
            margin = depth
            found.add(i)
    return found


def of_statement(lines: list[str], at: int) -> set[int]:
    """All lines of the statement that a line begins, and of its block, as numbers from 1."""
    depth = len(lines[at]) - len(lines[at].lstrip())
    last = at
    while last + 1 < len(lines) and (
        not lines[last + 1].strip()
        or len(lines[last + 1]) - len(lines[last + 1].lstrip()) > depth
        or lines[last + 1].lstrip()[0] in ")]}"
    ):
        last += 1
    return {number + 1 for number in range(at, last + 2)}


def broken(name: str) -> Iterator[tuple[int, str, str]]:
    lines = SOURCES[name].split("\n")
    skipped = in_code(lines)
    for at in range(1, len(lines)):
        if at in skipped or not lines[at].startswith(" ") or lines[at].lstrip()[0] in ")]}":
            continue
        for how, change in BREAKS.items():
            text = change(lines[at])
            # A line inside of brackets may leave those of its statement open, which is said where they begin.
            if text != lines[at] and not lines[at].endswith(","):
                yield at, how, "\n".join([*lines[:at], text, *lines[at + 1 :]])


@pytest.mark.parametrize("name", SOURCES)
def test_an_error_of_syntax_is_said_of_its_own_statement_only(name: str) -> None:
    lines = SOURCES[name].split("\n")
    for at, how, text in broken(name):
        found = compile_source(text, library=True).diagnostics
        if not any(d.code.startswith("E01") for d in found):
            continue
        strangers = [d for d in found if d.span.line not in of_statement(lines, at)]
        assert not strangers, (how, at + 1, lines[at], [(d.span.line, d.code, d.message) for d in strangers])


def test_all_mistakes_of_a_declaration_are_said_at_once() -> None:
    said: dict[int, list[str]] = {}
    for d in compile_source(MISTAKES).diagnostics:
        said.setdefault(d.span.line, []).append(d.code)
    assert said == SAID


def test_types_of_other_languages_are_each_told_where_they_stand() -> None:
    found = compile_source(
        "edsl 1\n\ntask f(a: str, b: dict[str, int], c: bool):\n    run shell:\n        true\n", library=True
    )
    assert [(d.span.column, d.message.split("`")[1]) for d in found.diagnostics] == [
        (11, "str"),
        (19, "dict"),
        (38, "bool"),
    ]


@pytest.mark.parametrize(
    ("declaration", "use"),
    [
        ("type Config:\n    a: Int\n    b: Int && 3", "assert Config(a = 1, b = 2).b > n"),
        ("let twice(a: int) : Int = a * 2 2", "assert twice(1, b = 2) > n"),
        ("let rates = [0.1, 0.2", "foreach r in rates:\n        assert r > n"),
        ("task t(a: Int && 3) -> (b: Int):\n    run python:\n        b = 1", "x = t(1, 2, c = 3)\n    assert x.d == n"),
        ('import "./a.edsl" && as a', "x = a.t(n)"),
        ("operator t(a: Int) -> (b: Int):\n    state:\n        c: Int && = 0\n    run python:\n        b = c", "t(n)"),
        ("policy p:\n    forbid when offer.spot && true\n    minimize offer.cost", "assert n > 1"),
        ("pool p is slurm:\n    node = {cpu: 4 && 3}\n    nodes = 1", "assert n > 1"),
    ],
)
def test_what_a_declaration_would_have_said_is_not_missed_elsewhere(declaration: str, use: str) -> None:
    found = compile_source(f"edsl 1\n\n{declaration}\n\npipeline main(n: Int = 1):\n    {use}\n").diagnostics
    assert [d.code[:3] for d in found] == ["E01"], [(d.span.line, d.code, d.message) for d in found]
