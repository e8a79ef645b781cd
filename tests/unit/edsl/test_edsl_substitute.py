"""Names replaced in plan expressions: everywhere where a name is read, and nowhere else."""

import pytest
from econda_edsl.compiler.expressions.substitute import substituted
from econda_edsl.evaluate import evaluate

N = {"add": [{"var": "n"}, {"lit": 1}]}


@pytest.mark.parametrize(
    ("expr", "replaced"),
    [
        ({"var": "n"}, N),
        ({"var": "m"}, {"var": "m"}),
        ({"lit": {"var": "n"}}, {"lit": {"var": "n"}}),
        ({"not": {"var": "n"}}, {"not": N}),
        ({"ge": [{"get": [{"var": "n"}, "n"]}, {"lit": 0}]}, {"ge": [{"get": [N, "n"]}, {"lit": 0}]}),
        ({"record": {"var": {"var": "n"}}}, {"record": {"var": N}}),
        ({"list": [{"var": "n"}, {"list": []}]}, {"list": [N, {"list": []}]}),
        ({"call": ["best", [{"var": "n"}], {"lit": {"var": "n"}}]}, {"call": ["best", [N], {"lit": N}]}),
        ({"show": [{"var": "n"}, "Int"]}, {"show": [N, "Int"]}),
        (
            {"comp": {"var": "x", "in": {"var": "n"}, "of": {"var": "x"}, "if": {"var": "n"}}},
            {"comp": {"var": "x", "in": N, "of": {"var": "x"}, "if": N}},
        ),
        (
            {"comp": {"var": "n", "in": {"var": "n"}, "of": {"var": "n"}}},
            {"comp": {"var": "n", "in": N, "of": {"var": "n"}}},
        ),
    ],
)
def test_forms(expr, replaced):
    assert substituted(expr, {"n": N}) == replaced


def test_the_value_is_that_of_the_replaced_name():
    expr = {"and": [{"gt": [{"var": "n"}, {"lit": 2}]}, {"in": [{"var": "n"}, {"list": [{"lit": 3}, {"var": "n"}]}]}]}
    assert evaluate(substituted(expr, {"n": N}), {"n": 2}) == evaluate(expr, {"n": 3}) is True
