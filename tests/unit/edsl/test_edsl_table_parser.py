"""The parser by tables beside the parser library's own: they make the same syntax of right texts, and agree on which are."""

import random
import re
from pathlib import Path

import pytest
from econda_edsl.compiler.parse import make_tables, parser
from econda_edsl.compiler.parse.grammar import OPERATORS_DEEP
from econda_edsl.compiler.parse.layout import Chunk, Layout, lay_out
from econda_edsl.diagnostics import Span

ROOT = Path(__file__).parents[3]
RIGHT = [p.read_text() for p in (*ROOT.glob("tests/corpus/ok/*/source.edsl"), *ROOT.glob("edsl/examples/*.edsl"))]
WRONG = [p.read_text(errors="replace") for p in sorted(ROOT.glob("tests/corpus/bad/*/source.edsl"))]
PIECES = ["=", "==", ":", ",", "(", ")", "[", "{", "}", " if ", " in ", " not ", " and ", "..", "**", "??", "?.", "-", " of ",
          "5", "5GiB", "$5", "foo", "Foo", '"{a}"', "\n", "\n    ", "with ", "up to 3"]  # fmt: skip


def chunks(text: str) -> list[tuple[Chunk, Layout]]:
    layout, _ = lay_out(text)
    return [(chunk, layout) for chunk in layout.chunks[1:] if not chunk.broken]


def quickly(chunk: Chunk, layout: Layout) -> object:
    return parser._read("declaration", chunk.text, Span(chunk.line - 1, 0, 0, 0), layout)


def by_the_library(chunk: Chunk, layout: Layout) -> object:
    return parser._explained("declaration", chunk.text, Span(chunk.line - 1, 0, 0, 0), layout, [])


def agree(text: str) -> None:
    """Records are compared as they are shown: with the positions of all their parts."""
    for chunk, layout in chunks(text):
        assert repr(quickly(chunk, layout)) == repr(by_the_library(chunk, layout)), chunk.text


@pytest.mark.parametrize("text", RIGHT)
def test_right_texts_need_no_second_parser(text: str) -> None:
    assert all(quickly(chunk, layout) is not None for chunk, layout in chunks(text))


@pytest.mark.parametrize("text", [*RIGHT, *WRONG])
def test_both_parsers_read_the_same(text: str) -> None:
    agree(text)


@pytest.mark.parametrize("seed", range(8))
def test_both_parsers_agree_on_changed_texts(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(40):
        words = re.findall(r"\w+|\s+|[^\w\s]", chance.choice([*RIGHT, *WRONG])[:3_000])
        for _ in range(2):
            i = chance.randrange(len(words))
            words[i] = chance.choice(["", words[i] + chance.choice(PIECES), f"({words[i]})", chance.choice(PIECES)])
        agree("".join(words))


DEEP = {
    "sums": lambda n: " + ".join(["1"] * (n + 1)),
    "signs": lambda n: "-" * n + "1",
    "signs in brackets, which are no level": lambda n: "(" * 60 + "-" * n + "1" + ")" * 60,
    "signs in lists, which are": lambda n: "[" * 50 + "-" * (n - 50) + "1" + "]" * 50,
}


@pytest.mark.parametrize("name", DEEP)
def test_both_parsers_allow_the_same_depth(name: str) -> None:
    for levels, allowed in ((OPERATORS_DEEP, True), (OPERATORS_DEEP + 1, False)):
        ((chunk, layout),) = chunks(f"edsl 1\n\nlet a = {DEEP[name](levels)}\n")
        assert (quickly(chunk, layout) is not None) == (by_the_library(chunk, layout) is not None) == allowed


def test_texts_are_read_where_there_are_no_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those kept are of another grammar, and another version of the library keeps its own elsewhere."""

    def elsewhere(*_: object) -> None:
        raise AttributeError

    monkeypatch.setattr(parser, "read_tables", lambda _: None)
    monkeypatch.setattr(make_tables, "derived", elsewhere)
    parser._tables.cache_clear()
    parsed, found = parser.parse(lay_out("edsl 1\n\nlet a = 1\nlet b = 1 +\n")[0])
    parser._tables.cache_clear()
    assert len(parsed.program.declarations) == 1
    assert [d.code for d in found] == ["E0101"]
