"""What names mean: found across branches, loops, records and errors of syntax."""

from econda_edsl.index.analysis import Analysis, analyse
from econda_edsl.index.memory import Memory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.corpus.test_mutated_programs import FRAGMENTS, SOURCES

TEXT = """edsl 1

## What came of one fit.
type Trial:
    rate: Float
    auc: Float       ## area under the curve

task fit(rate: Float) -> (auc: Float, note: String):
    run python:
        auc, note = rate, "n"

pipeline main(rates: List[Float]) -> (best: Float, last: Float):
    return best = top.auc, last = kept
    repeat up to 3:
        carry kept: Float = 0.0
        next kept = kept + top.auc
    until kept > 1.0
    tried = foreach rate in rates up to 10:
        one = fit(rate)
        gather Trial(rate = rate, auc = one.auc)
    top = best(tried.done, by = .auc)
    when top.auc > 0.5:
        said = "good"
    else:
        said = "bad"
    assert said == "good", "{top.rate}"
"""


def place(text: str, line_has: str, word: str, nth: int = 0) -> tuple[int, int]:
    """Line and column of a word in the first line that has `line_has`."""
    for number, line in enumerate(text.split("\n"), 1):
        if line_has in line:
            start = -1
            for _ in range(nth + 1):
                start = line.index(word, start + 1)
            return number, start + 1
    raise AssertionError(line_has)


def meaning(analysis: Analysis, line_has: str, word: str, nth: int = 0) -> tuple[str, int, str]:
    found = analysis.index.at(*place(analysis.text, line_has, word, nth))
    assert found is not None
    return found.symbol.kind, found.symbol.span.line, found.type.label


def test_every_kind_of_reference_finds_its_definition() -> None:
    analysis = analyse(TEXT)
    assert not analysis.diagnostics
    assert meaning(analysis, "return best", "best") == ("output", 12, "Float")
    assert meaning(analysis, "return best", "top") == ("step", 21, "Trial")
    assert meaning(analysis, "return best", "auc") == ("field", 6, "Float")
    assert meaning(analysis, "next kept", "kept") == ("carried value", 15, "Float")
    assert meaning(analysis, "until", "kept") == ("carried value", 15, "Float")
    assert meaning(analysis, "one = fit", "fit")[:2] == ("task", 8)
    assert meaning(analysis, "one = fit", "rate") == ("loop variable", 18, "Float")
    assert meaning(analysis, "gather Trial", "rate") == ("field", 5, "Float")
    assert meaning(analysis, "gather Trial", "rate", 1) == ("loop variable", 18, "Float")
    assert meaning(analysis, "gather Trial", "auc", 1) == ("output", 8, "Float")
    assert meaning(analysis, "top = best", "auc") == ("field", 6, "Float")
    assert meaning(analysis, "assert", "said")[:2] == ("step", 23)
    assert meaning(analysis, "assert", "rate") == ("field", 5, "Float")
    assert meaning(analysis, "auc, note = rate", "note")[:2] == ("output", 8)


def test_a_name_bound_by_both_branches_is_one_symbol_with_two_places() -> None:
    analysis = analyse(TEXT)
    found = analysis.index.at(*place(TEXT, "assert", "said"))
    assert found is not None
    assert [s.line for s in found.symbol.spans] == [23, 25]
    assert found.type.label == '"good" | "bad"'


def test_docs_stand_with_their_symbols() -> None:
    docs = {(x.kind, x.name): x.doc for x in analyse(TEXT).index.symbols}
    assert docs["type", "Trial"] == "What came of one fit."
    assert docs["field", "auc"] == "area under the curve"


def test_a_broken_line_costs_only_itself() -> None:
    broken = TEXT.replace("        one = fit(rate)\n", "        one = fit(rate)\n        two = fit(rate ! 3)\n")
    analysis = analyse(broken)
    assert [d.code for d in analysis.diagnostics] == ["E0111"]
    assert meaning(analysis, "top = best", "tried")[:2] == ("step", 18)
    assert meaning(analysis, "gather Trial", "one")[:2] == ("step", 19)


def test_a_step_may_be_called_like_its_task() -> None:
    text = "edsl 1\n\ntask fit() -> (a: Int):\n    run python:\n        a = 1\n\npipeline main() -> (a: Int):\n    fit = fit()\n    return a = fit.a\n"
    analysis = analyse(text)
    assert meaning(analysis, "fit = fit", "fit")[0] == "step"
    assert meaning(analysis, "fit = fit", "fit", 1)[:2] == ("task", 3)
    assert meaning(analysis, "return", "fit")[0] == "step"


def test_visible_names_are_those_of_the_block() -> None:
    analysis = analyse(TEXT)
    inside = {x.name for x in analysis.index.visible(*place(TEXT, "one = fit", "one"))}
    outside = {x.name for x in analysis.index.visible(*place(TEXT, "top = best", "top"))}
    assert {"rate", "one", "rates", "top", "main", "fit"} <= inside
    assert {"rates", "top", "kept"} <= outside
    assert not {"rate", "one"} & outside


def _summary(analysis: Analysis) -> list[object]:
    return [
        analysis.diagnostics,
        [(r.span, r.symbol.name, r.symbol.spans, r.type.label) for r in analysis.index.references],
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_remembered_declarations_make_no_difference(data: st.DataObject) -> None:
    """Whatever was typed before, an analysis with a memory is the same as one without."""
    memory = Memory()
    text = data.draw(st.sampled_from(SOURCES))
    for _ in range(4):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 3)))
        text = text[:start] + data.draw(st.sampled_from([*FRAGMENTS, "", "\n\n", "## doc\n", "x"])) + text[end:]
        assert _summary(analyse(text, memory=memory)) == _summary(analyse(text))
