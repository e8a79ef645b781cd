"""Renaming any symbol of any accepted program leaves a program that means the same."""

from pathlib import Path

import pytest
from econda_edsl.diagnostics import Span
from econda_edsl.index.analysis import analyse
from econda_edsl.index.rename import CannotRename, rename

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted([*ROOT.glob("tests/corpus/ok/*/source.edsl"), *ROOT.glob("edsl/examples/**/*.edsl")])


def replaced(text: str, edits: list[tuple[Span, str]]) -> str:
    lines = text.split("\n")
    for span, new in reversed(edits):
        line = lines[span.line - 1]
        lines[span.line - 1] = line[: span.column - 1] + new + line[span.end_column - 1 :]
    return "\n".join(lines)


def symbol(text: str, kind: str, name: str):
    analysis = analyse(text)
    return analysis, next(x for x in analysis.index.symbols if (x.kind, x.name) == (kind, name))


def renamed(text: str, kind: str, name: str, new: str) -> str:
    analysis, found = symbol(text, kind, name)
    return replaced(text, rename(analysis, found, new))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.parent.name + "/" + p.stem)
def test_renaming_any_symbol_brings_no_error(path: Path) -> None:
    text = path.read_text()
    before = analyse(text)
    known = [d.message for d in before.diagnostics]
    done = 0
    for each in before.index.symbols:
        new = "Xyzzy" if each.kind == "type" else "xyzzy"
        try:
            edits = rename(before, each, new)
        except CannotRename:
            continue
        done += 1
        after = analyse(replaced(text, edits))
        assert [d.message for d in after.diagnostics if d.message not in known] == [], (each.kind, each.name)
        assert any(x.name == new and x.kind == each.kind for x in after.index.symbols)
        assert not any(x.name == each.name and x.span == each.span for x in after.index.symbols)
    assert done


TASK = "edsl 1\n\ntask fit(rows: Int, deep: Int = 2) -> (auc: Float):\n    run python:\n        auc = rows * deep + helper.rows\n"
SHELL = 'edsl 1\n\ntask fit(rows: Int) -> (page: File):\n    run shell:\n        echo "$rows" "${rows}" $rowsx $rows_file rows > $OUT/page\n'
MAIN = "\npipeline main() -> (best: Float):\n    one = fit(rows = 1)\n    best = one.auc\n    pair = {one.auc, best}\n    return best = pair.auc\n"


def test_names_in_python_code_follow() -> None:
    assert "auc = lines * deep + helper.rows" in renamed(TASK, "input", "rows", "lines")
    assert "score = rows * deep" in renamed(TASK, "output", "auc", "score")


def test_names_in_shell_code_follow_and_plain_words_stay() -> None:
    assert 'echo "$lines" "${lines}" $rowsx $lines_file rows > $OUT/page' in renamed(SHELL, "input", "rows", "lines")
    assert "$OUT/sheet" in renamed(SHELL, "output", "page", "sheet")


def test_an_entry_named_by_its_expression_keeps_its_name() -> None:
    after = renamed(TASK + MAIN, "output", "auc", "score")
    assert "pair = {auc: one.score, best}" in after
    assert "return best = pair.auc" in after
    after = renamed(TASK + MAIN, "field", "auc", "area")
    assert "pair = {area: one.auc, best}" in after
    assert "return best = pair.area" in after


@pytest.mark.parametrize(
    ("kind", "name", "new", "why"),
    [
        ("input", "rows", "when", "word of the language"),
        ("input", "rows", "Rows", "small letter"),
        ("input", "rows", "deep", "already an input"),
        ("input", "rows", "helper", "already stands in the code"),
        ("task", "fit", "main", "already a pipeline"),
        ("task", "fit", "len", "function of the language"),
        ("step", "one", "best", "already a step"),
        ("step", "one", "a b", "not a name"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_the_reason(kind: str, name: str, new: str, why: str) -> None:
    analysis, found = symbol(TASK + MAIN, kind, name)
    with pytest.raises(CannotRename, match=why):
        rename(analysis, found, new)


def test_names_of_a_code_file_are_refused() -> None:
    analysis, found = symbol('edsl 1\n\ntask f(a: Int):\n    run python "lib.py:f"\n', "input", "a")
    with pytest.raises(CannotRename, match="code file"):
        rename(analysis, found, "b")


def test_code_that_hides_a_name_is_refused() -> None:
    text = "edsl 1\n\ntask f(a: Int) -> (b: Int):\n    run python:\n        def g(a): return a\n        b = g(a)\n"
    analysis, found = symbol(text, "input", "a")
    with pytest.raises(CannotRename, match="cannot be followed"):
        rename(analysis, found, "c")


BRANCH = """edsl 1

task fit(rows: Int) -> (auc: Float):
    run python:
        auc = rows * 1.0

pipeline main(n: Int = 3) -> (best: Float):
    when n > 2:
        one = fit(1)
    else:
        one = fit(2)
    return best = one.auc
"""


def test_a_field_is_known_behind_a_branch_also_after_other_files_were_read() -> None:
    for _ in range(2):
        assert "return best = one.score" in renamed(BRANCH, "output", "auc", "score")
