"""Properties over the accepted programs: renamed references are caught, nothing crashes, layout has no meaning."""

import re
from pathlib import Path

import pytest
from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.compile import compile_source
from econda_edsl.compiler.parse.layout import lay_out
from econda_edsl.compiler.parse.parser import parse
from econda_edsl.compiler.syntax.steps import blocks_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

OK = sorted((Path(__file__).parent / "ok").glob("*/source.edsl"))
SOURCES = [p.read_text() for p in OK]
FRAGMENTS = [
    "(", ")", "[", "]", "{", "}", '"', '"""', "#", ":", "=", "==", ",", ".", "?.", "??", "..", "\t", "\n", "\n    ", "\0",
    "\x01", "é", "\u2028", "when ", "else:", "repeat ", "foreach x in y:", "up to ", "carry ", "next ", "gather ", "return ",
    "16G", "$", "1e999", "9" * 30, "none", "not ", "in ", "if ", "run shell:", "task ", "pipeline ", "type ", "let ",
]  # fmt: skip


def expressions_of(d: s.Declaration) -> list[s.Expr]:
    match d:
        case s.Let(expr=expr):
            return [expr]
        case s.Task():
            plain = [x.value for x in (*d.settings, *d.needs) if x.name.text not in ("retry", "gpu")]
            return [*plain, *d.where, *(f.default for f in d.inputs if f.default)]
        case s.Pipeline():
            return [*(f.default for f in d.inputs if f.default), *steps_of(d.body)]
        case _:
            return []


def steps_of(block: s.Block) -> list[s.Expr]:
    out: list[s.Expr] = []
    for step in block.steps:
        match step:
            case s.Bind(expr=expr) | s.Effect(expr=expr) | s.Gather(expr=expr):
                out.append(expr)
            case s.Return(entries=entries):
                out += [e for _, e in entries]
            case s.Foreach(over=over):
                out += [e for _, e in over]
            case s.When(arms=arms):
                out += [a.test for a in arms if a.test]
            case s.Repeat():
                out += [c.start for c in step.carries] + [n.expr for n in step.nexts] + [step.until, step.up_to]
            case s.Assert(expr=expr):
                out.append(expr)
            case _:
                pass
        for inner in blocks_of(step):
            out += steps_of(inner)
    return out


def named_places(text: str) -> list[tuple[int, int, str]]:
    """Line, column and text of every name read or called."""
    program = parse(lay_out(text)[0])[0].program
    found = []
    stack = [e for d in program.declarations for e in expressions_of(d)]
    while stack:
        expr = stack.pop()
        if isinstance(expr, s.Ref):
            found.append((expr.span.line, expr.span.column, expr.name))
        if isinstance(expr, s.Member):
            found.append((expr.name.span.line, expr.name.span.column, expr.name.text))
        stack += s.parts_of(expr)
    return found


@pytest.mark.parametrize("path", OK, ids=lambda p: p.parent.name)
def test_a_renamed_reference_is_diagnosed(path: Path) -> None:
    text = path.read_text()
    places = named_places(text)
    assert places or path.parent.name == "hello"
    for line, column, name in places:
        lines = text.split("\n")
        row = lines[line - 1]
        assert row[column - 1 :].startswith(name), (row, column, name)
        lines[line - 1] = (
            row[: column - 1] + name[:-1] + ("z" if name.endswith("q") else "q") + row[column - 1 + len(name) :]
        )
        result = compile_source("\n".join(lines))
        assert result.plan is None, f"line {line}: `{name}` renamed and accepted"
        assert any(d.span.line == line for d in result.diagnostics), result.render()


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_mutated_program_never_crashes(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SOURCES))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 40))
        text = text[:start] + data.draw(st.sampled_from(["", *FRAGMENTS])) + text[start + length :]
    result = compile_source(text)
    assert result.ok == (not result.diagnostics)
    if not result.ok:
        assert "error[E" in result.render()


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_bytes_never_crash(junk: bytes) -> None:
    compile_source(b"edsl 1\n" + junk).render()


@pytest.mark.parametrize("path", OK, ids=lambda p: p.parent.name)
def test_comments_blank_lines_and_docs_change_no_digest(path: Path) -> None:
    text = path.read_text()
    plan = compile_source(text).plan
    out, body = [], None
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        body = None if body is not None and line.strip() and indent <= body else body
        if body is None and line.strip() and not line.startswith("edsl"):
            out.append(f"{' ' * indent}# a remark")
            out.append("")
        out.append(line)
        body = indent if re.match(r" *run \w+:", line) else body
    changed = re.sub(r'^( *)"""', r'\1"""Also: ', "\n".join(out), flags=re.MULTILINE)
    other = compile_source(changed).plan
    assert plan is not None
    assert other is not None, compile_source(changed).render()
    assert other.digest == plan.digest
    assert {k: v.digest for k, v in other.tasks.items()} == {k: v.digest for k, v in plan.tasks.items()}


def test_a_changed_body_or_setting_changes_the_digest() -> None:
    text = (Path(__file__).parent / "ok" / "settings" / "source.edsl").read_text()
    plan = compile_source(text).plan
    assert plan is not None
    for old, new in (
        ("rows, depth / 10", "rows, depth / 20"),
        ("timeout = 3h", "timeout = 4h"),
        ("pandas>=2", "pandas>=3"),
    ):
        other = compile_source(text.replace(old, new)).plan
        assert other is not None
        assert other.digest != plan.digest
        assert other.tasks["train"].digest != plan.tasks["train"].digest
        assert other.tasks["report"].digest == plan.tasks["report"].digest


def test_the_order_of_lines_changes_no_digest() -> None:
    head = "edsl 1\n\ntask t(a: Int) -> (b: Int):\n    run shell:\n        true\n\npipeline p() -> (b: Int):\n"
    lines = ["    x = t(1)\n", "    y = t(x.b)\n", "    assert y.b > 1\n", "    return b = y.b\n"]
    one, other = (compile_source(head + "".join(order)).plan for order in (lines, lines[::-1]))
    assert one is not None
    assert other is not None
    assert one.digest == other.digest
