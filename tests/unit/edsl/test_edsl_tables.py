"""The parser's tables as they are kept: those of the grammar, and of no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from econda_edsl import tables
from econda_edsl.layout import lay_out
from econda_edsl.parse import built, grammar_text

CORPUS = Path(__file__).parents[2] / "corpus" / "ok"


def test_the_tables_kept_are_those_of_the_grammar() -> None:
    """If not: `python -m econda_edsl.tables`."""
    kept, fresh = tables.kept(grammar_text()), built(grammar_text())
    assert kept is not None
    for path in sorted(CORPUS.glob("*/source.edsl")):
        for chunk in lay_out(path.read_text())[0].chunks[1:]:
            assert kept.parse(chunk.text, start="declaration") == fresh.parse(chunk.text, start="declaration")


def test_tables_of_another_grammar_or_library_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tables.kept(grammar_text() + "// more\n") is None
    monkeypatch.setattr("lark.__version__", "0.0.1")
    assert tables.kept(grammar_text()) is None


def test_without_tables_the_parser_is_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tables, "FILE", "nothing.bin")
    assert tables.kept(grammar_text()) is None
    grammar = "start: /a+/\n"
    tables.keep(grammar, built_small(grammar), tmp_path / "small.bin")
    assert (tmp_path / "small.bin").stat().st_size < 5_000


def built_small(grammar: str):
    from lark import Lark

    return Lark(grammar, parser="lalr")
