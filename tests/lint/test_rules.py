"""Every rule: its examples, its page, and what it must leave alone."""

from pathlib import Path

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.index.analysis import analyse
from econda_edsl.lint.pages import UnknownLint, catalogue, page
from econda_edsl.lint.rule import Finding, Rule
from econda_edsl.lint.rules import RULES
from econda_edsl.lint.run import fixed, lint

ROOT = Path(__file__).parents[2]
EACH = pytest.mark.parametrize("rule", RULES.values(), ids=lambda r: r.id)


def findings(text: str) -> list[Finding]:
    analysis = analyse(text)
    assert not analysis.diagnostics, analysis.diagnostics
    return lint(analysis)


def ids(text: str) -> list[str]:
    return [f.lint for f in findings(text)]


@EACH
def test_a_rule_speaks_about_its_bad_example_and_nothing_about_the_good_one(rule: Rule) -> None:
    assert rule.id in ids(rule.bad)
    assert ids(rule.good) == []


@EACH
def test_a_fix_settles_what_it_is_for(rule: Rule) -> None:
    if any(f.fix for f in findings(rule.bad)):
        text, settled = fixed(rule.bad, {}, "main.edsl")
        assert settled
        assert rule.id not in ids(text)
        assert fixed(text, {}, "main.edsl") == (text, 0)


@EACH
def test_a_comment_with_a_reason_silences(rule: Rule) -> None:
    if rule.id == "allow-reason":
        return
    first = next(f for f in findings(rule.bad) if f.lint == rule.id)
    lines = rule.bad.split("\n")
    # A comment inside of code would be the code's own.
    at = next((i for i, x in enumerate(lines) if x.endswith("run shell:")), 0) if rule.id == "inline-install" else 0
    at = at or first.span.line - 1
    margin = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    lines.insert(at, f"{margin}## allow: {rule.id} - it is right here")
    assert rule.id not in ids("\n".join(lines))
    lines[at] = f"{margin}## allow: {rule.id}"
    after = ids("\n".join(lines))
    assert rule.id in after
    assert "allow-reason" in after


def test_the_pages_are_as_the_rules_say() -> None:
    assert (ROOT / "docs" / "language" / "lints.md").read_text() == catalogue()
    assert "## Bad" in page("no-else")
    with pytest.raises(UnknownLint, match="did you mean `no-else`"):
        page("no-els")


HEAD = 'edsl 1\n\ntask f(n: Int = 1) -> (a: Int, b: Int):\n    """F."""\n    needs:\n        time = 1s\n    run python:\n        a, b = n, n\n'


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("    x = f()\n    return out = x.a\n", ["unused-output"]),
        ("    x = f()\n    return out = x.a + x.b\n", []),
        ("    x = f()\n    y = [x]\n    return out = y[0].a\n", []),
        ("    f()\n    return out = 1\n", []),
        (
            "    return out = x.a + x.b\n    x = f()\n",
            [
                "use-before-bind",
            ],
        ),
        ("    x = f()\n    y = f() after x\n    return out = x.a + y.a\n", ["unused-output"]),
        (
            "    repeat up to 3:\n        carry c: Int = 0\n        next c = c + x.a + x.b\n        x = f(c)\n    until c > 3\n    return out = c\n",
            [],
        ),
    ],
)
def test_outputs_and_order(body: str, wanted: list[str]) -> None:
    assert ids(HEAD + '\npipeline main() -> (out: Int):\n    """M."""\n' + body) == wanted


def test_cases_over_all_words_of_a_choice_need_no_else() -> None:
    text = (
        HEAD
        + '\npipeline main(m: "a" | "b" | "c"):\n    """M."""\n    when m == "a":\n        f()\n    else when m == "b":\n        f()\n'
    )
    assert ids(text) == ["no-else"]
    assert ids(text + '    else when m == "c":\n        f()\n') == []


def test_a_comment_above_a_declaration_speaks_for_all_of_it() -> None:
    text = HEAD.replace("task f", "## allow: missing-doc, missing-time - generated\ntask f").replace(
        '    """F."""\n', ""
    )
    assert ids(text.replace("    needs:\n        time = 1s\n", "")) == []


def test_a_comment_that_silences_nothing_is_removed() -> None:
    text = HEAD.replace("    run python", "    ## allow: no-else - once it was needed\n    run python")
    assert ids(text) == ["allow-reason"]
    assert fixed(text, {}, "main.edsl") == (HEAD, 1)


def test_a_comment_to_the_linter_is_no_doc() -> None:
    text = HEAD.replace("task f", "## allow: missing-time - unknown\ntask f").replace('    """F."""\n', "")
    assert ids(text.replace("    needs:\n        time = 1s\n", "")) == ["missing-doc"]


def test_names_inside_are_fixed_everywhere_and_those_known_outside_stay() -> None:
    text = "edsl 1\n\ntype my_type:\n    X: Int\n"
    assert analyse(text).diagnostics
    text = (
        HEAD
        + '\npipeline main(maxRows: Int) -> (out: Int):\n    """M."""\n    goodOnes = [q for q in [maxRows] if q > 1]\n    return out = len(goodOnes)\n'
    )
    after, settled = fixed(text, {}, "main.edsl")
    assert settled == 1
    assert "good_ones = [q" in after
    assert "len(good_ones)" in after
    assert [f.message for f in findings(after)] == ["`maxRows` is not snake_case"]


def test_errors_come_before_advice() -> None:
    text = HEAD + "\npipeline main():\n    x = nothing\n"
    assert lint(analyse(text + "    broken !\n")) == []
    assert fixed(text, {}, "main.edsl") == (text, 0)


def test_a_comment_to_the_linter_does_not_reach_the_plan() -> None:
    text = HEAD + "\n## Shown.\n## allow: missing-doc - no\npipeline main(n: Int) -> (out: Int):\n    return out = n\n"
    plan = compile_source(text).plan
    assert plan is not None
    assert plan.doc == "Shown."


def test_what_a_called_pipeline_would_publish_is_told() -> None:
    text = (
        'edsl 1\n\npipeline inner() -> (n: Int):\n    with:\n        publish = "out"\n    return n = 3\n\n'
        'pipeline main() -> (n: Int):\n    """Call it."""\n    a = inner()\n    return n = a.n\n'
    )
    assert "called-handlers" in ids(text)
