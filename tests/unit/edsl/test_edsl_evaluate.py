"""The evaluator: a table of expressions, their values and their failures."""

import pytest
from econda_edsl.evaluate import Budget, EvaluationError, evaluate


def lit(value: object) -> dict[str, object]:
    return {"lit": value}


SCOPE = {"n": 3, "xs": [1, 2, 3], "r": {"a": 1, "b": None}, "file": {"$artifact": {"size": 7}}, "no": None}
MB = 10**6

VALUES = [
    (lit({"a": [1]}), {"a": [1]}),
    ({"var": "n"}, 3),
    ({"get": [{"var": "r"}, "a"]}, 1),
    ({"get": [{"get": [{"var": "file"}, "$artifact"]}, "size"]}, 7),
    ({"opt_get": [{"var": "no"}, "a"]}, None),
    ({"opt_get": [{"var": "r"}, "a"]}, 1),
    ({"index": [{"var": "xs"}, lit(2)]}, 3),
    ({"index": [{"var": "r"}, lit("a")]}, 1),
    ({"add": [lit(1), lit(2.5)]}, 3.5),
    ({"sub": [lit(1), lit(2)]}, -1),
    ({"mul": [lit(3), {"var": "n"}]}, 9),
    ({"div": [lit(1), lit(4)]}, 0.25),
    ({"pow": [lit(2), lit(10)]}, 1024),
    ({"fpow": [lit(4), lit(0.5)]}, 2.0),
    ({"neg": lit(4)}, -4),
    ({"concat": [lit("a"), lit("b")]}, "ab"),
    ({"concat": [lit([1]), {"var": "xs"}]}, [1, 1, 2, 3]),
    ({"scale": [lit(5), lit(0.5)]}, 2),
    ({"scale": [lit(3), lit(0.5)]}, 2),
    ({"unscale": [lit(10), lit(4)]}, 2),
    ({"rate_cost": [lit(3 * MB), lit(1_800_000)]}, 1_500_000),
    ({"cost_rate": [lit(3 * MB), lit(1_800_000)]}, 6 * MB),
    ({"cost_time": [lit(3 * MB), lit(6 * MB)]}, 1_800_000),
    ({"bandwidth_size": [lit(8 * MB), lit(1000)]}, MB),
    ({"transfer_time": [lit(MB), lit(8 * MB)]}, 1000),
    ({"size_rate": [lit(MB), lit(1000)]}, 8 * MB),
    ({"time_add": [lit("2026-01-31"), lit(86_400_000)]}, "2026-02-01"),
    ({"time_sub": [lit("2026-01-31T00:00:00Z"), lit(1500)]}, "2026-01-30T23:59:58.500Z"),
    ({"time_between": [lit("2026-02-01"), lit("2026-01-31")]}, 86_400_000),
    ({"eq": [lit(1), lit(True)]}, False),
    ({"eq": [lit(1), lit(1.0)]}, True),
    ({"ne": [lit([1, {"a": 2}]), lit([1, {"a": 2}])]}, False),
    ({"lt": [lit(1), lit(2)]}, True),
    ({"ge": [lit("a"), lit("b")]}, False),
    ({"in": [lit(2), {"var": "xs"}]}, True),
    ({"in": [lit(True), lit([1])]}, False),
    ({"in": [lit("a"), {"var": "r"}]}, True),
    ({"in": [lit("ell"), lit("hello")]}, True),
    ({"and": [lit(False), {"div": [lit(1), lit(0)]}]}, False),
    ({"or": [lit(True), {"div": [lit(1), lit(0)]}]}, True),
    ({"not": lit(False)}, True),
    ({"cond": [lit(True), lit(1), {"var": "absent"}]}, 1),
    ({"coalesce": [{"var": "no"}, lit(5)]}, 5),
    ({"coalesce": [lit(0), lit(5)]}, 0),
    ({"list": [lit(1), {"var": "n"}]}, [1, 3]),
    ({"record": {"a": {"var": "n"}}}, {"a": 3}),
    ({"range": [lit(1), lit(3)]}, [1, 2, 3]),
    ({"range": [lit(3), lit(1)]}, []),
    ({"comp": {"var": "x", "in": {"var": "xs"}, "of": {"mul": [{"var": "x"}, {"var": "n"}]}}}, [3, 6, 9]),
    ({"comp": {"var": "x", "in": {"var": "xs"}, "if": {"gt": [{"var": "x"}, lit(1)]}, "of": {"var": "x"}}}, [2, 3]),
    ({"format": [lit("n="), {"show": [{"var": "n"}, "Int"]}]}, "n=3"),
    ({"show": [lit(1_500_000), "Money"]}, "$1.50"),
    ({"show": [lit(-1), "Money"]}, "-$0.000001"),
    ({"show": [lit(3 * MB), "Rate"]}, "$3.00/h"),
    ({"show": [lit(0.025), "Percent"]}, "2.5%"),
    ({"show": [lit(2**34), "Size"]}, "16GiB"),
    ({"show": [lit(5 * 10**8), "Size"]}, "500MB"),
    ({"show": [lit(1_234_567), "Size"]}, "1.18MiB"),
    ({"show": [lit(0), "Size"]}, "0B"),
    ({"show": [lit(5_400_000), "Duration"]}, "1h30min"),
    ({"show": [lit(0), "Duration"]}, "0s"),
    ({"show": [lit(10**9), "Bandwidth"]}, "1Gbps"),
    ({"show": [lit(None), "Int"]}, "none"),
    ({"show": [lit(True), "Bool"]}, "true"),
    ({"show": [lit(0.1), "Float"]}, "0.1"),
    ({"call": ["len", [{"var": "xs"}]]}, 3),
    ({"call": ["sum", [lit([])]]}, 0),
    ({"call": ["sum", [lit([0.1] * 10)]]}, 1.0),
    ({"call": ["mean", [{"var": "xs"}]]}, 2.0),
    ({"call": ["mean_whole", [lit([1, 2])]]}, 2),
    ({"call": ["min", [lit(2), lit(1)]]}, 1),
    ({"call": ["max", [{"var": "xs"}]]}, 3),
    ({"call": ["sort", [lit([2, 1])], {"reverse": lit(True)}]}, [2, 1]),
    ({"call": ["sort", [lit([{"k": 2}, {"k": 1}])], {"by": lit("k")}]}, [{"k": 1}, {"k": 2}]),
    ({"call": ["best", [lit([{"k": 1}, {"k": 2}])], {"by": lit("k")}]}, {"k": 2}),
    ({"call": ["best", [lit([{"k": 1}, {"k": 2}])], {"by": lit("k"), "lowest": lit(True)}]}, {"k": 1}),
    ({"call": ["zip", [lit([1]), lit(["a"])]]}, [{"first": 1, "second": "a"}]),
    ({"call": ["range", [lit(0), lit(6), lit(2)]]}, [0, 2, 4]),
    ({"call": ["linspace", [lit(0), lit(1), lit(3)]]}, [0.0, 0.5, 1.0]),
    ({"call": ["logspace", [lit(1), lit(100), lit(3)]]}, [1.0, pytest.approx(10.0), 100.0]),
    ({"call": ["flatten", [lit([[1], [], [2]])]]}, [1, 2]),
    ({"call": ["keys", [lit({"b": 1, "a": 2})]]}, ["a", "b"]),
    ({"call": ["any", [lit([False, True])]]}, True),
    ({"call": ["all", [lit([])]]}, True),
    ({"call": ["abs", [lit(-2)]]}, 2),
    ({"call": ["round", [lit(2.5)]]}, 2),
    ({"call": ["round", [lit(2.345), lit(1)]]}, 2.3),
    ({"call": ["floor", [lit(-0.5)]]}, -1),
    ({"call": ["ceil", [lit(0.5)]]}, 1),
    ({"call": ["int", [lit(" 42 ")]]}, 42),
    ({"call": ["float", [lit("0.5")]]}, 0.5),
    ({"call": ["date", [lit("2026-01-31")]]}, "2026-01-31"),
    ({"call": ["instant", [lit("2026-01-31T01:00:00+01:00")]]}, "2026-01-31T00:00:00Z"),
]

FAILURES = [
    ({"div": [lit(1), lit(0)]}, "division by zero"),
    ({"unscale": [lit(1), lit(0)]}, "division by zero"),
    ({"fpow": [lit(0), lit(-1)]}, "division by zero"),
    ({"pow": [lit(2), lit(-1)]}, "negative power"),
    ({"pow": [lit(2), lit(10**9)]}, "64 bits"),
    ({"fpow": [lit(10.0), lit(400)]}, "64 bits"),
    ({"mul": [lit(2**62), lit(2)]}, "64 bits"),
    ({"index": [{"var": "xs"}, lit(3)]}, "out of range"),
    ({"index": [{"var": "xs"}, lit(-1)]}, "out of range"),
    ({"index": [{"var": "r"}, lit("z")]}, "no key"),
    ({"get": [{"var": "no"}, "a"]}, "missing value has no `a`"),
    ({"add": [{"var": "no"}, lit(1)]}, "missing value reached"),
    ({"var": "absent"}, "no value here"),
    ({"range": [lit(1), lit(10**7)]}, "longer than 1,000,000"),
    ({"call": ["range", [lit(10**9)]]}, "longer than 1,000,000"),
    ({"call": ["range", [lit(1), lit(2), lit(0)]]}, "step of zero"),
    ({"call": ["min", [lit([])]]}, "empty list"),
    ({"call": ["best", [lit([{"k": None}])], {"by": lit("k")}]}, "no order"),
    ({"call": ["zip", [lit([1]), lit([])]]}, "lists of 1 and 0"),
    ({"call": ["date", [lit("31.1.2026")]]}, "is not a date"),
    ({"call": ["int", [lit("x")]]}, "not a whole number"),
    ({"call": ["float", [lit("inf")]]}, "64 bits"),
    ({"call": ["system", [lit("x")]]}, "unknown function"),
    ({"time_add": [lit("9999-12-31"), lit(10**12)]}, "years"),
    ({"add": [lit("a"), lit(1)]}, "cannot evaluate"),
    ({"exec": lit(1)}, "unknown expression form"),
    ({}, "exactly one key"),
]


@pytest.mark.parametrize(("expr", "value"), VALUES, ids=[str(e)[:60] for e, _ in VALUES])
def test_value(expr: dict, value: object) -> None:
    found = evaluate(expr, SCOPE)
    assert found == value
    assert type(found) is type(value) or not isinstance(value, int | float | str | list)


@pytest.mark.parametrize(("expr", "message"), FAILURES, ids=[str(e)[:60] for e, _ in FAILURES])
def test_failure(expr: dict, message: str) -> None:
    with pytest.raises(EvaluationError, match=message.replace("(", r"\(")):
        evaluate(expr, SCOPE)


def test_nested_loops_run_out_of_budget() -> None:
    thousand = {"call": ["range", [lit(1000)]]}
    nested: dict = lit(1)
    for name in "abcdef":
        nested = {"comp": {"var": name, "in": thousand, "of": nested}}
    with pytest.raises(EvaluationError, match="too many elements"):
        evaluate(nested, {})
    with pytest.raises(EvaluationError, match="too many elements"):
        evaluate(thousand, {}, Budget(10))


def test_a_loop_variable_ends_with_its_loop() -> None:
    loop = {"comp": {"var": "x", "in": lit([1]), "of": {"var": "x"}}}
    with pytest.raises(EvaluationError, match="no value here"):
        evaluate({"list": [loop, {"var": "x"}]}, {})
