"""Values set inside of parameters."""

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.parameters.bind import bind_parameters
from econda_edsl.parameters.given import Given, Plain
from econda_edsl.parameters.paths import BadPath, give
from econda_edsl.plan import Plan

SOURCE = """edsl 1

type Inner:
    a: Int
    wait: Duration = 2s

type Options:
    rate: Float
    inner: Inner

pipeline p(
    x: Options = Options(rate = 0.5, inner = Inner(a = 1, wait = 3s)), rows: List[Int] = [1, 2],
    m: Map[String, Int] = {a: 1}, y: Inner?,
):
    assert true
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    plan = compile_source(SOURCE).plan
    assert plan is not None
    return plan


def bound(plan: Plan, *pairs: str, **given: Given) -> dict:
    raw = dict(given)
    for pair in pairs:
        path, _, value = pair.partition("=")
        give(plan, raw, path, Given(Plain(value)))
    values, errors = bind_parameters(plan, raw)
    assert errors == []
    return values


def test_what_is_not_set_stays_as_the_default_has_it(plan: Plan) -> None:
    values = bound(plan, "x.inner.a=7", "rows[1]=9", "m.b=4", "y.a=3")
    assert values == {
        "x": {"rate": 0.5, "inner": {"a": 7, "wait": 3000}},
        "rows": [1, 9],
        "m": {"a": 1, "b": 4},
        "y": {"a": 3, "wait": 2000},
    }


def test_the_last_one_stands_and_text_may_be_opened(plan: Plan) -> None:
    values = bound(plan, "x={rate: 1, inner: {a: 2}}", "x.rate=2", "x.rate=3", "x.inner.wait=1h")
    assert values["x"] == {"rate": 3.0, "inner": {"a": 2, "wait": 3_600_000}}


def test_what_a_file_gave_is_not_changed_itself(plan: Plan) -> None:
    file = {"rate": Plain("1"), "inner": {"a": Plain("2")}}
    assert bound(plan, "x.inner.a=5", x=Given(file))["x"]["inner"]["a"] == 5
    assert file["inner"] == {"a": "2"}


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("rows[2]=1", "`rows` is a list of 2"),
        ("x.rate.z=1", "`x.rate` has nothing inside"),
        (".x=1", "no parameter"),
        ("x..y=1", "no parameter"),
    ],
)
def test_places_that_are_not_there(plan: Plan, pair: str, said: str) -> None:
    with pytest.raises(BadPath, match=said.replace(".", r"\.")):
        bound(plan, pair)
