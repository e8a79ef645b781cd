"""Laws of the formatter over all programs here, mutated and generated: a fixed point, the same plan, every comment."""

import re
from collections import Counter
from pathlib import Path

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.compiler.parse.layout import lay_out
from econda_edsl.formatting.source import format_source
from econda_edsl.formatting.statements import Remark, statements
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent / "edsl" / "examples"
PROGRAMS = sorted([*HERE.glob("*/*/source.edsl"), *EXAMPLES.rglob("*.edsl")])
GOOD = [p.read_text() for p in PROGRAMS if "bad" not in p.parts]
PIECES = [
    " ", "  ", "\n", "\n\n", "\n    ", "\n        ", "# c", "  # c\n", "\n# c\n", "\n    ## c\n", "\n  # c", ",", "(", ")", "[", "]",
    "{", "}", "-", "+", ".", "..", "??", "\r\n", "\r", " not ", " and ", " if ", " for ", "x", "1", '"', '"""', "=", ":", "\x0b",
]  # fmt: skip


def comments(text: str) -> Counter[str]:
    layout, _ = lay_out(text)
    found: list[str] = []
    for entry in statements(text, layout.bodies):
        if isinstance(entry, Remark):
            found.append(entry.text)
        else:
            found += [token.text for token in entry.tokens if token.kind == "comment"]
    return Counter(found)


def holds(source: str) -> bool:
    """Check the laws; False when the source does not parse, so nothing is said about it."""
    source = re.sub("\r+\n", "\n", source)
    formatted = format_source(source)
    if formatted.text is None:
        assert formatted.diagnostics
        return False
    again = format_source(formatted.text)
    assert again.text == formatted.text
    assert lay_out(formatted.text)[0].bodies == lay_out(source)[0].bodies
    assert comments(formatted.text) == comments(source)
    before, after = compile_source(source), compile_source(formatted.text)
    assert [d.code for d in sorted(before.diagnostics, key=lambda d: d.code)] == sorted(
        d.code for d in after.diagnostics
    )
    if before.plan is not None and after.plan is not None:
        assert after.plan.digest == before.plan.digest
        assert after.plan.doc == before.plan.doc
    return True


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_every_program(path: Path) -> None:
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        return
    assert holds(text) or "bad" in path.parts


@given(st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mutated_programs(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(GOOD))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.sampled_from([0, 0, 0, 1, 5]))
        text = text[:start] + data.draw(st.sampled_from(PIECES)) + text[start + cut :]
    holds(text)


@given(st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_programs_laid_out_anew(data: st.DataObject) -> None:
    """Lines split at commas and brackets, comments put there, margins widened: all of it still parses."""
    text = data.draw(st.sampled_from(GOOD))
    widen = data.draw(st.sampled_from([1, 2, 3]))
    breaks = data.draw(
        st.lists(st.sampled_from(["", "", " ", "\n", "  # c\n", "\n# c\n", "\n\n## c\n\n"]), min_size=1, max_size=30)
    )
    out, place, code = [], 0, None
    for line in text.split("\n"):
        margin = len(line) - len(line.lstrip(" "))
        code = None if code is not None and line.strip() and margin <= code else code
        if (
            code is not None
            # A statement of several lines already: moved apart once more, its lines would leave their brackets.
            or sum(map(line.count, "([{")) != sum(map(line.count, ")]}"))
            or re.search(r'["#\\]', line)
            or not re.match(r" *(task|pipeline|let|return|retry|needs|when)\b|.*= \w+\(", line)
        ):
            code = margin if re.match(r" *run \w+:", line) else code
            out.append(" " * (margin * widen) + line[margin:])
            continue
        parts = re.split(r"(?<=[\[({,])", line[margin:])
        depth, built = 0, parts[0]
        for part in parts[1:]:
            depth = sum(built.count(c) for c in "([{") - sum(built.count(c) for c in ")]}")
            between = breaks[place % len(breaks)] if depth > 0 else ""
            place += 1
            deeper = " " * (margin * widen + 2 * built.count("\n") + 4)
            built += between + (deeper if between.endswith("\n") else "") + part
        out.append(" " * (margin * widen) + built)
    assert holds("\n".join(out))


EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "1", "2.5", "16GiB", "$3/h", "20%", '"t{a}"', "none", ".by", "run.id", "30min", "true"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**", "==", "and", "or", "??", "..", "not in", "if a else"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.lists(inner, max_size=6).map(lambda items: f"[{','.join(items)}]"),
        st.lists(inner, min_size=1, max_size=6).map(lambda items: "{" + ",".join(f"k{i}:{e}" for i, e in enumerate(items)) + ",}"),
        st.lists(inner, min_size=1, max_size=4).map(lambda items: f"call( {', '.join(items)} # c\n  )"),
        st.tuples(inner, inner).map(lambda t: f"[{t[0]} for x in {t[1]}\n  # c\n   if true]"),
        inner.map(lambda e: f"-{e}"),
        inner.map(lambda e: f"(not {e})"),
        inner.map(lambda e: f"({e})?.name_of_some_length[ {e} ]"),
    ),
    max_leaves=25,
)  # fmt: skip


@given(st.lists(EXPRESSIONS, min_size=1, max_size=3))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_generated_expressions(expressions: list[str]) -> None:
    holds("edsl 1\n" + "".join(f"let some_name_{i}={e}\n" for i, e in enumerate(expressions)))


@pytest.mark.parametrize("path", [p for p in PROGRAMS if "examples" in p.parts], ids=lambda p: p.stem)
def test_the_examples_are_in_the_one_style(path: Path) -> None:
    assert format_source(path.read_bytes()).text == path.read_text()
