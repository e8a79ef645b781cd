"""The façade: sources of all kinds, limits, files, several pipelines; examples; imports."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.evaluate import evaluate
from econda_edsl.plan import Call, Foreach, Plan, Repeat, Value, When
from econda_edsl.plan.json_schema import committed_schema, plan_schema_text

EDSL = Path(__file__).parents[3] / "edsl"
HEAD = "edsl 1\n\n"
TASK = "task t(a: Int) -> (b: Int):\n    run shell:\n        true\n\n"


def plan_of(text: str, **options: object) -> Plan:
    result = compile_source(text, **options)  # type: ignore[arg-type]
    assert result.plan is not None, result.render()
    return result.plan


def codes(text: str | bytes, **options: object) -> list[str]:
    return [d.code for d in compile_source(text, **options).diagnostics]  # type: ignore[arg-type]


@pytest.mark.parametrize("path", sorted((EDSL / "examples").glob("*.edsl")), ids=lambda p: p.stem)
def test_the_examples_compile(path: Path) -> None:
    plan_of(path.read_text())


def test_the_committed_schema_is_the_generated_one() -> None:
    assert committed_schema() == plan_schema_text()


def test_the_runtime_needs_no_parser() -> None:
    code = (
        "import sys, econda_edsl.plan, econda_edsl.evaluate, econda_edsl.parameters.bind; print('lark' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_line_ends_and_byte_order_marks_have_no_meaning() -> None:
    text = (EDSL / "examples" / "sweep.edsl").read_text()
    plain, windows = plan_of(text), compile_source(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()).plan
    assert windows is not None
    assert windows.digest == plain.digest


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"edsl 1\n# caf\xe9\n", "E0113"),
        ("edsl 1\n".encode("utf-16"), "E0113"),
        (b"edsl 1\n\0\n", "E0114"),
        (b"edsl 1\n" + b"#" * 2_000_000, "E0115"),
        ("edsl 1\n" + "#" * 2_000_000, "E0115"),
        (HEAD + "let x = " + "(" * 500_000, "E0109"),
        (HEAD + "let x = " + "[" * 500_000 + "]" * 100, "E0109"),
        (HEAD + 'let x = "' + "{(" * 1000 + '"', "E0118"),
        (HEAD + 'let x = "{' + "-" * 5_000 + '1}"\n', "E0109"),
        (HEAD + "let x = " + "+".join(["1"] * 20_000), "E0109"),
        (HEAD + "let x = " + "not " * 20_000 + "true", "E0109"),
        (HEAD + "let x = y" + ".z" * 20_000, "E0109"),
        (HEAD + "pipeline p():\n" + "".join(" " * (i + 1) + "when true:\n" for i in range(900)), "E0109"),
        (HEAD + "pipeline p(a: " + "List[" * 10_000 + "):\n    x = 1\n", "E0109"),
        (HEAD + "let r = [[j for j in range(0, 1000)] for i in range(0, 100000)]\n", "E0315"),
        (HEAD + "let r = range(0, 900000)\n", "E0705"),
    ],
)  # fmt: skip
def test_hostile_sources_are_refused_quickly(source: str | bytes, code: str) -> None:
    started = time.monotonic()
    result = compile_source(source)
    assert code in [d.code for d in result.diagnostics]
    assert len(result.render()) < 20_000
    assert time.monotonic() - started < 20


def test_a_constant_written_out_too_often_is_refused() -> None:
    text = HEAD + TASK + "let r = range(0, 150000)\n\npipeline p():\n"
    text += "".join(f"    s{i} = t(len(r))\n" for i in range(10))
    assert codes(text) == ["E0705"]


def test_a_long_chain_of_steps_compiles() -> None:
    steps = "".join(f"    s{i} = t(s{i - 1}.b)\n" for i in range(1, 1500))
    plan = plan_of(HEAD + TASK + "pipeline p() -> (b: Int):\n    s0 = t(1)\n" + steps + "    return b = s1499.b\n")
    assert plan.body[-1].waits == ("s1498",)


@pytest.mark.parametrize("blank", [" \u2028", "   \t", " \u00a0", "\x0c"])
def test_a_line_of_white_space_is_blank(blank: str) -> None:
    text = HEAD + "type P:\n    x: Int\nBLANK\npipeline p(a: P) -> (x: Int):\nBLANK\n    return x = a.x\n"
    plan_of(text.replace("BLANK", blank))


def test_at_most_twenty_errors_are_shown() -> None:
    text = HEAD + "".join(f"let a{i} = b{i}\n" for i in range(30))
    assert "… and 11 more" in compile_source(text).render()


def test_colors_only_on_request() -> None:
    result = compile_source(HEAD + "let a = b\n")
    assert "\x1b[" in result.render(color=True)
    assert "\x1b[" not in result.render()
    assert "\x1b" not in compile_source(HEAD + "let a = \x1b[31m\n").render()


def test_which_pipeline() -> None:
    one = "pipeline one() -> (x: Int):\n    return x = 1\n\n"
    two = one.replace("one", "two")
    assert plan_of(HEAD + one).name == "one"
    assert plan_of(HEAD + one + two, pipeline="two").name == "two"
    assert plan_of(HEAD + one + one.replace("one", "main")).name == "main"
    assert codes(HEAD + one + two) == ["E0211"]
    assert codes(HEAD + one, pipeline="oen") == ["E0211"]
    assert "did you mean `one`?" in compile_source(HEAD + one, pipeline="oen").render()


ENTRY = (
    HEAD
    + 'task t() -> (b: Int):\n    run python "lib/train.py:fit"\n\npipeline p() -> (b: Int):\n    x = t()\n    return b = x.b\n'
)


def test_entries_are_looked_up_in_the_bundle() -> None:
    files = {"lib/train.py": b"def fit():\n    return 1\n"}
    plan = plan_of(ENTRY, files=files)
    assert list(plan.code) == ["lib/train.py"]
    assert codes(ENTRY) == ["E0209"]
    assert "did you mean `lib/train.py`?" in compile_source(ENTRY.replace("train.py", "trian.py"), files=files).render()
    assert "did you mean `fit`?" in compile_source(ENTRY.replace(":fit", ":fti"), files=files).render()
    assert codes(ENTRY, files={"lib/train.py": b"def fit(:\n"}) == ["E0210"]
    assert codes(ENTRY, files={"lib/train.py": b"(" * 100_000}) == ["E0210"]
    assert codes(ENTRY, files={"lib/train.py": b"\0"}) == ["E0210"]
    assert codes(ENTRY.replace("lib/train.py", "../train.py")) == ["E0209"]


def test_code_files_change_the_digest_of_entries() -> None:
    one = plan_of(ENTRY, files={"lib/train.py": b"def fit(): return 1\n"})
    two = plan_of(ENTRY, files={"lib/train.py": b"def fit(): return 2\n"})
    assert one.tasks["t"].digest != two.tasks["t"].digest
    assert one.digest != two.digest


def values_of(name: str, params: dict[str, object]) -> dict[str, object]:
    """Evaluate a pipeline that only computes."""
    plan = plan_of((Path(__file__).parents[2] / "corpus" / "ok" / name / "source.edsl").read_text())
    scope: dict[str, object] = {"run": {"id": "r1", "seed": 7, "started_at": "2026-01-01T00:00:00Z"}}
    scope |= {k: evaluate(p.default, {}) for k, p in plan.params.items() if p.default}
    scope |= params
    for node in plan.body:
        assert isinstance(node, Value)
        scope[node.id] = evaluate(node.expr, scope)
    return {k: evaluate(e, scope) for k, e in plan.returns.items()}


def test_units_compute() -> None:
    text = "768MiB of 3GiB in 2min8s849ms for $1.525, 25%, 2026-02-02, $3.00/h, 30min30s"
    assert values_of("units", {}) == {"text": text, "cost": 1_525_000, "wait": 7_328_849, "ratio": 0.25}


def test_collections_compute() -> None:
    found = values_of("collections", {"scores": {"x": 2.0, "z": 1.0}, "rows": [[5, 4], [], [8]]})
    assert found == {"a": 4.5, "b": 23, "c": 'a{b} "q" é17', "d": ["x", "z"], "e": True}


def test_nodes_wait_for_what_they_and_their_bodies_read() -> None:
    text = """edsl 1

task t(a: Int) -> (b: Int):
    run shell:
        true

pipeline p(c: Int) -> (x: Int, n: Int):
    last = t(n) after t2
    t2 = t(0)
    t(1)
    t(2)
    many = foreach i in [c, first.b]:
        one = t(i + other.b)
        gather one.b
    other = t(3)
    first = t(4)
    when other.b > 1:
        x = first.b
    else when c > 1:
        x = len(many.done)
    else:
        fail "no {t2.b}"
    repeat up to c:
        carry n: Int = first.b
        inner = t(n)
        next n = inner.b
    until inner.b > other.b
    return x = x, n = n + last.b
"""
    nodes = {n.id: n for n in plan_of(text).body}
    assert set(nodes["last"].waits) == {"repeat", "t2"}
    assert {"t", "t3"} <= set(nodes)
    assert set(nodes["many"].waits) == {"first", "other"}
    assert set(nodes["when"].waits) == {"first", "other", "many", "t2"}
    assert set(nodes["repeat"].waits) == {"first", "other"}
    assert isinstance(nodes["when"], When)
    assert nodes["when"].binds == {"x": "Int"}
    assert isinstance(nodes["many"], Foreach)
    assert isinstance(nodes["repeat"], Repeat)
    assert [n.id for n in nodes["repeat"].body] == ["inner"]


def test_an_assert_narrows_and_is_waited_for() -> None:
    plan = plan_of(HEAD + TASK + "pipeline p(a: Int?):\n    x = t(a)\n    assert a != none\n")
    call = next(n for n in plan.body if isinstance(n, Call))
    assert call.waits == ("assert",)
    assert codes(HEAD + TASK + "pipeline p(a: Int?):\n    x = t(a)\n") == ["E0306"]


def test_narrowing_in_branches_and_conditions() -> None:
    head = HEAD + TASK + "pipeline p(a: Int?):\n"
    plan_of(head + "    when a != none:\n        t(a)\n    else:\n        t(0)\n")
    plan_of(head + "    when a == none:\n        t(0)\n    else when a > 3:\n        t(a)\n")
    plan_of(head + "    t(a if a != none else 0)\n")
    plan_of(head + "    assert a == none or a > 3\n")
    assert codes(head + "    when a != none:\n        t(0)\n    else:\n        t(a)\n") == ["E0306"]
    assert codes(head + "    assert a == none and a > 3\n") == ["E0306"]
