"""The parser's tables as they are kept: those of the grammar, and of no other; and the library's own parser beside them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from econda_edsl.compiler.parse import library, parser, tables
from econda_edsl.compiler.parse.grammar import grammar_text
from econda_edsl.compiler.parse.layout import lay_out
from econda_edsl.compiler.parse.library import OPTIONS, built
from econda_edsl.compiler.parse.make_tables import derived
from lark import Lark, Token, Tree

CORPUS = Path(__file__).parents[2] / "corpus" / "ok"
DECLARATIONS = [c.text for p in sorted(CORPUS.glob("*/source.edsl")) for c in lay_out(p.read_text())[0].chunks[1:]]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """What is made of the grammar is kept in another folder, where there is nothing yet."""
    monkeypatch.setattr(library, "FILE", str(tmp_path / "library.bin"))
    monkeypatch.setattr(tables, "FILE", str(tmp_path / "tables.bin"))
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    library.parser.cache_clear()
    parser._tables.cache_clear()


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


def test_what_is_kept_is_of_the_grammar() -> None:
    """If not: `python -m econda_edsl.compiler.parse.make_tables`."""
    kept = library.kept(grammar_text(), OPTIONS)
    assert kept is not None
    assert trees(kept) == trees(built(grammar_text()))
    assert tables.read_tables(grammar_text()) == derived(kept)


def test_right_text_is_read_without_the_parser_library() -> None:
    code = (
        "import sys; from econda_edsl.compiler.compile import compile_source;"
        f"print(compile_source({DECLARATIONS[0]!r}.join(['edsl 1\\n\\n', '']), 'x.edsl') and 'lark' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_what_is_of_another_grammar_option_or_library_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tables.read_tables(grammar_text() + "// more\n") is None
    assert library.kept(grammar_text() + "// more\n", OPTIONS) is None
    assert library.kept(grammar_text(), {**OPTIONS, "propagate_positions": False}) is None
    monkeypatch.setattr("lark.__version__", "0.0.1")
    assert library.kept(grammar_text(), OPTIONS) is None


def test_what_was_kept_is_read_back(elsewhere: Path) -> None:
    library.keep(grammar_text(), OPTIONS, built(grammar_text()), elsewhere / "library.bin")
    kept = library.kept(grammar_text(), OPTIONS)
    assert kept is not None
    assert trees(kept) == trees(built(grammar_text()))
    (elsewhere / "tables.bin").write_bytes(tables.encoded(derived(kept), grammar_text()))
    assert tables.read_tables(grammar_text()) == derived(kept)


@pytest.mark.parametrize("damage", ["missing", "cut off", "of other code", "of another shape"])
def test_without_tables_that_can_be_read_they_are_made(elsewhere: Path, damage: str) -> None:
    if damage != "missing":
        library.keep(grammar_text(), OPTIONS, built(grammar_text()), elsewhere / "library.bin")
        (elsewhere / "tables.bin").write_bytes(tables.encoded(derived(), grammar_text()))
        library.parser.cache_clear()
        other = {"cut off": b"", "of other code": b"cno.such\nname\n.", "of another shape": b"\x93\x01\x02\x03"}[damage]
        for file in elsewhere.iterdir():
            data = file.read_bytes()
            file.write_bytes(data[:100] if damage == "cut off" else data[:32] + tables.zlib.compress(other))
    parsed, found = parser.parse(lay_out("edsl 1\n\nlet a = 1\n")[0])
    assert (len(parsed.program.declarations), found) == (1, [])
