"""EDSL in colours: nothing lost, nothing taken for an error, code in its own language, every word known."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest
from econda_edsl.compiler.parse import library
from econda_edsl.highlighting import words
from econda_edsl.highlighting.lexer import EdslLexer
from econda_edsl.words import prelude
from hypothesis import given, settings
from hypothesis import strategies as st
from lark.lexer import PatternStr
from pygments.token import Error, Keyword, Name, Number, String, Token

from tests.corpus.test_mutated_programs import FRAGMENTS, SOURCES

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("tests/corpus/ok/**/*.edsl"), *ROOT.glob("edsl/examples/**/*.edsl")])


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_program_is_coloured_without_loss_and_without_errors(path: Path) -> None:
    text = path.read_text()
    found = list(EdslLexer(ensurenl=False, stripnl=False).get_tokens(text))
    assert "".join(value for _, value in found) == text
    assert [value for kind, value in found if kind is Error] == []


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SOURCES), st.integers(0), st.sampled_from(FRAGMENTS))
def test_nothing_of_any_text_is_lost(text: str, place: int, fragment: str) -> None:
    at = place % (len(text) + 1)
    text = text[:at] + fragment + text[at:]
    assert "".join(v for _, _, v in EdslLexer().get_tokens_unprocessed(text)) == text


def kinds(text: str) -> dict[str, object]:
    return {value: kind for kind, value in EdslLexer().get_tokens(text)}


def test_code_is_coloured_as_its_own_language() -> None:
    text = "task f(n: Int):\n    run python:\n        import os\n\n        def g(): pass\n    timeout = 30min\n"
    found = kinds(text)
    assert found["import"] in Keyword
    assert found["g"] in Name.Function
    assert found["30min"] in Number
    assert found["timeout"] is Name.Variable
    assert kinds('task f():\n    run shell:\n        echo "$HOME"\n')["$HOME"] in Name.Variable


def test_expressions_inside_strings_are_coloured() -> None:
    found = kinds('let a = "{len(xs)} of {{all}}"\n')
    assert found["len"] is Name.Builtin
    assert found["{{"] is String.Escape
    assert found["{"] is String.Interpol


def test_every_word_of_the_grammar_has_a_colour() -> None:
    named = {t.pattern.value for t in library.parser().terminals if isinstance(t.pattern, PatternStr)}
    spelled = {word for word in named if word.isalpha()} | {"pool", "connector", "secret", "trigger"}
    coloured = {*words.CONSTANTS, *words.OPERATORS, *words.DECLARATIONS, *words.CONTROL}
    assert spelled <= coloured
    assert words.grammar_words() <= coloured
    assert set(prelude.RESERVED) <= {*coloured, *words.NAMES}
    for word in coloured - {"edsl"}:
        assert EdslLexer().get_tokens(word + " ").__next__()[0] not in (Token.Text, Name), word


def test_pygments_finds_the_lexer() -> None:
    (found,) = [e for e in entry_points(group="pygments.lexers") if e.name == "edsl"]
    assert found.load() is EdslLexer
