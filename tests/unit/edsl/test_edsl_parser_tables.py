"""The parser's tables as they are kept: those of the grammar, and of no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from econda_edsl.compiler.parse import parser, tables
from econda_edsl.compiler.parse.grammar import OPTIONS, built, grammar_text
from econda_edsl.compiler.parse.layout import lay_out
from lark import Lark, Token, Tree

CORPUS = Path(__file__).parents[2] / "corpus" / "ok"
DECLARATIONS = [c.text for p in sorted(CORPUS.glob("*/source.edsl")) for c in lay_out(p.read_text())[0].chunks[1:]]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Tables are kept in another file, where there are none yet."""
    monkeypatch.setattr(tables, "FILE", str(tmp_path / "tables.bin"))
    forget()
    yield tmp_path / "tables.bin"
    forget()


def forget() -> None:
    parser._parser.cache_clear()
    parser._machine.cache_clear()


def placed(tree: Tree | Token) -> object:
    """A tree with all its positions, which trees themselves do not compare."""
    if isinstance(tree, Token):
        return (tree.type, str(tree), tree.line, tree.column, tree.end_line, tree.end_column)
    about = tree.meta
    where = None if about.empty else (about.line, about.column, about.end_line, about.end_column)
    return (str(tree.data), where, [placed(child) for child in tree.children])


def trees(parser: Lark) -> list[object]:
    found = [placed(parser.parse(text, start="declaration")) for text in DECLARATIONS]
    return [*found, placed(parser.parse("a + f(b, by = .c) ?? $2/h", start="expr"))]


def test_the_tables_kept_are_those_of_the_grammar() -> None:
    """If not: `python -m econda_edsl.compiler.parse.tables`."""
    kept = tables.kept(grammar_text(), OPTIONS)
    assert kept is not None
    assert trees(kept) == trees(built(grammar_text()))


def test_tables_of_another_grammar_option_or_library_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tables.kept(grammar_text() + "// more\n", OPTIONS) is None
    assert tables.kept(grammar_text(), {**OPTIONS, "propagate_positions": False}) is None
    monkeypatch.setattr("lark.__version__", "0.0.1")
    assert tables.kept(grammar_text(), OPTIONS) is None


def test_what_was_kept_is_read_back(elsewhere: Path) -> None:
    tables.keep(grammar_text(), OPTIONS, built(grammar_text()), elsewhere)
    kept = tables.kept(grammar_text(), OPTIONS)
    assert kept is not None
    assert trees(kept) == trees(built(grammar_text()))


@pytest.mark.parametrize("damage", ["missing", "cut off", "of other code"])
def test_without_tables_that_can_be_read_the_parser_is_built(elsewhere: Path, damage: str) -> None:
    if damage != "missing":
        tables.keep(grammar_text(), OPTIONS, built(grammar_text()), elsewhere)
        data = elsewhere.read_bytes()
        elsewhere.write_bytes(data[:100] if damage == "cut off" else data[:32] + tables.zlib.compress(b"cno.such\nname\n."))  # fmt: skip
    parsed, found = parser.parse(lay_out("edsl 1\n\nlet a = 1\n")[0])
    assert (len(parsed.program.declarations), found) == (1, [])
