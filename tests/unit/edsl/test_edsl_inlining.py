"""Functions that `let` names: what a call comes to, however often the function reads its inputs."""

from __future__ import annotations

import json

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.evaluate import EvaluationError, evaluate
from hypothesis import given
from hypothesis import strategies as st

HEAD = "edsl 1\n\n"


def returned(text: str, files: dict[str, bytes] | None = None, **params: object) -> object:
    """What the pipeline of a text, which has no tasks, returns as `r`."""
    compiled = compile_source(HEAD + text, files=files or {})
    assert compiled.plan is not None, compiled.render()
    scope = dict(params)
    for node in compiled.plan.body:
        scope[node.id] = evaluate(node.expr, scope)
    return evaluate(compiled.plan.returns["r"], scope)


def test_arguments_by_place_by_name_and_by_default():
    text = "let f(a: Int, b: Int = 10, c: Int?): Int = a * 100 + b + (c ?? 0)\npipeline main(x: Int) -> (r: List[Int]):\n    return r = [f(x), f(x, 1), f(a = 2, c = x), f(b = 3, a = x, c = 4)]\n"
    assert returned(text, x=7) == [710, 701, 217, 707]


def test_a_name_inside_means_what_it_means_there():
    """`x` is the function's own, the caller's and a loop's; none takes another one's place."""
    text = """let add(xs: List[Int], k: Int): List[Int] = [x + k + k for x in xs if x != k]
let twice(x: Int): Int = x + x

pipeline main(x: Int, k: Int) -> (r: List[List[Int]]):
    return r = [add([k, x], x), add([y for y in 1..3], twice(x + k)), [twice(twice(y)) for y in add([5], k)]]
"""
    assert returned(text, x=3, k=8) == [[8 + 6], [1 + 44, 2 + 44, 3 + 44], [4 * 21]]


def test_what_is_given_is_computed_once():
    text = "let f(x: Float): Float = x * x * x\nlet g(xs: List[Float], y: Float): Float = sum([x * y for x in xs])\npipeline main(n: Int) -> (r: Float):\n    return r = f(sum(linspace(0.0, 1.0, 1000))) + g([1.0, 2.0, 3.0], sum(linspace(0.0, 2.0, 1000)))\n"
    compiled = compile_source(HEAD + text)
    assert compiled.plan is not None
    assert json.dumps(compiled.plan.returns["r"]).count("linspace") == 2


def test_functions_of_a_module_see_the_constants_of_that_module():
    lib = b"edsl 1\n\nlet by = 5\nlet times(x: Int): Int = x * by\n"
    text = 'import "lib.edsl" as lib\nfrom "lib.edsl" import times as t\nlet by = 7\nlet both(x: Int): Int = lib.times(x) + t(x) * by\npipeline main(x: Int) -> (r: Int):\n    return r = both(x)\n'
    assert returned(text, {"lib.edsl": lib}, x=2) == 10 + 70


def test_an_error_inside_is_the_callers():
    text = (
        "let at(xs: List[Int], i: Int): Int = xs[i]\npipeline main(i: Int) -> (r: Int):\n    return r = at([1, 2], i)\n"
    )
    assert returned(text, i=1) == 2
    with pytest.raises(EvaluationError):
        returned(text, i=2)


@given(st.integers(1, 7), st.integers(-9, 9))
def test_calls_in_calls_come_to_what_they_would_by_hand(deep: int, x: int):
    lines = ["let f0(x: Int, y: Int): Int = x * 2 - y"]
    lines += [f"let f{i}(x: Int, y: Int): Int = f{i - 1}(y, x + f{i - 1}(x, y)) + x" for i in range(1, deep)]

    def by_hand(i: int, a: int, b: int) -> int:
        return a * 2 - b if i == 0 else by_hand(i - 1, b, a + by_hand(i - 1, a, b)) + a

    text = "\n".join([*lines, "", "pipeline main(x: Int) -> (r: Int):", f"    return r = f{deep - 1}(x, x + 1)", ""])
    assert returned(text, x=x) == by_hand(deep - 1, x, x + 1)


def test_the_plan_is_bounded_where_calls_would_make_it_explode(monkeypatch):
    lines = [
        "let f0(x: Int): Int = x + x",
        *[f"let f{i}(x: Int): Int = f{i - 1}(x) + f{i - 1}(x + 1)" for i in range(1, 60)],
    ]
    compiled = compile_source(
        HEAD + "\n".join([*lines, "", "pipeline main(x: Int) -> (r: Int):", "    return r = f59(x)", ""])
    )
    assert {d.code for d in compiled.diagnostics} == {"E0705"}
    monkeypatch.setattr("econda_edsl.compiler.lower.pipeline.PLAN_CONSTANTS", 500)
    calls = " + ".join(["f(n)"] * 90)
    many = f"let f(x: Int): Int = x + x + x + x + x + x\npipeline main(n: Int) -> (r: Int):\n    return r = {calls}\n"
    assert {d.code for d in compile_source(HEAD + many).diagnostics} == {"E0705"}
