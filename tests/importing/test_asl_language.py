"""The States Language as its specification has it: paths, functions, rules, what becomes of a document, and errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from econda_edsl.importing.states import data
from econda_edsl.importing.states.functions import FUNCTIONS, IntrinsicFailure, call
from econda_edsl.importing.states.paths import BadPath, find, parsed
from econda_edsl.importing.states.workflow import import_asl

from tests.importing.conftest import gap
from tests.importing.test_asl import goto, machine, rule, run

SHOP = {"books": [{"t": "a", "p": 8, "c": "x"}, {"t": "b", "p": 12}, {"t": "c", "p": 5, "c": "y"}], "bike": {"p": 20},
        "xs": [1, 2, 3, 4, 5], "größe": 3, "a b": 4, "none": None}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.books[0].t", "a"), ("$['a b']", 4), ('$["a b"]', 4), ("$.größe", 3), ("$.xs[-1]", 5), ("$.none", None),
        ("$.books[*].t", ["a", "b", "c"]), ("$..p", [8, 12, 5, 20]), ("$.bike.*", [20]), ("$.xs[1:3]", [2, 3]),
        ("$.xs[-2:]", [4, 5]), ("$.xs[::2]", [1, 3, 5]), ("$.xs[0,2]", [1, 3]), ("$.books[0]['t','p']", ["a", 8]),
        ("$.books[?(@.p < 10)].t", ["a", "c"]), ("$.books[?(@.c)].t", ["a", "c"]), ("$.books[?(!@.c)].t", ["b"]),
        ("$.books[?(@.p<10 && @.c=='x' || @.t == 'b')].t", ["a", "b"]), ("$.books[?(@.p > $.xs[4])].t", ["a", "b"]),
        ("$.books[?(@.t in ['a', 'c'])].p", [8, 5]), ("$.books[?(@.t =~ /A/i)].p", [8]), ("$.nobody[*]", []),
        ("$.books[?(@.p == true)]", []), ("$.xs[?(@ >= 4)]", [4, 5]), ("$", SHOP),
    ],
)  # fmt: skip
def test_paths(path: str, found: Any) -> None:
    assert find(path, SHOP) == found


@pytest.mark.parametrize("path", ["$.nobody", "$.xs[5]", "$.books.t", "$.bike[0]"])
def test_a_place_that_is_not_there(path: str) -> None:
    with pytest.raises(LookupError):
        find(path, SHOP)


@pytest.mark.parametrize(
    "path", ["", "x", "$.", "$.xs.length()", "$[", "$.xs[?(@.x", "$.xs[(@.length-1)]", "$.a..", "$ .a"]
)
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(BadPath):
        parsed(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("States.Format('Hi {} \\{\\} {}, it\\'s {}', 'Bob', $.o, 1.5)", 'Hi Bob {} {"k":1}, it\'s 1.5'),
        ("States.Format('a\\\\{}', 1)", "a\\1"),
        ("States.StringToJson('{\"a\": [1]}')", {"a": [1]}),
        ("States.JsonToString($.o)", '{"k":1}'),
        ("States.Array(1, 'a, b', States.Array(), $.o)", [1, "a, b", [], {"k": 1}]),
        ("States.ArrayPartition($.a, 2)", [[1, 2], [2, True]]),
        ("States.ArrayContains($.a, 1.0)", True),
        ("States.ArrayContains(States.Array(true), 1)", False),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayGetItem($.a, 3)", True),
        ("States.ArrayLength($.a[?(@ == 2)])", 2),
        ("States.ArrayUnique(States.Array(1, true, 1, 1.0, 'a', 'a'))", [1, True, "a"]),
        ("States.Base64Encode('häh')", "aMOkaA=="),
        ("States.Base64Decode('aMOkaA==')", "häh"),
        ("States.Hash('x', 'SHA-256')", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"),
        ("States.Hash($.o, 'MD5')", "e59138f35192e320088b83d28388d6bb"),
        ("States.JsonMerge($.o, States.StringToJson('{\"k\":2}'), false)", {"k": 2}),
        ("States.MathAdd(1, -3)", -2),
        ("States.MathAdd(0.5, 1.5)", 3),
        ("States.StringSplit('1,2;;3', ',;')", ["1", "2", "3"]),
    ],
)
def test_functions(text: str, value: Any) -> None:
    document = {"a": [1, 2, 2, True], "o": {"k": 1}}
    assert call(text, lambda path: find(path, document)) == value


def test_functions_with_chance() -> None:
    assert {call("States.MathRandom(1, 3)", str) for _ in range(60)} == {1, 2}
    assert call("States.MathRandom(1, 999, 7)", str) == call("States.MathRandom(1, 999, 7)", str)
    assert call("States.UUID()", str) != call("States.UUID()", str)
    assert len(FUNCTIONS) == 18


@pytest.mark.parametrize(
    "text", ["States.Format('{}')", "States.ArrayRange(1, 5000, 1)", "States.ArrayGetItem(States.Array(1), 1)", "States.JsonMerge(1, 2, false)",
             "States.MathAdd('a', 1)", "States.StringToJson('{')", "States.Base64Decode('!')", "States.ArrayRange(1, 2, 0)"],
)  # fmt: skip
def test_what_functions_refuse(text: str) -> None:
    with pytest.raises(IntrinsicFailure):
        call(text, str)


RULES = [
    ("StringMatches", "a?c", "abc", False), ("StringMatches", "a*c", "abbc", True), ("StringMatches", "a\\*c", "a*c", True),
    ("StringMatches", "a\\*c", "abc", False), ("StringMatches", "[a]*", "a", False), ("StringMatches", "*\n*", "x\ny", True),
    ("NumericEquals", 1, "1", False), ("NumericEquals", 1, True, False), ("NumericEquals", 1, 1.0, True),
    ("BooleanEquals", True, 1, False), ("StringLessThan", "b", "a", True), ("StringEquals", "1", 1, False),
    ("IsTimestamp", True, "2020-01-01", False), ("IsTimestamp", True, "2020-01-01T00:00:00Z", True),
    ("IsTimestamp", True, "2020-01-01t00:00:00z", False), ("IsTimestamp", True, "2020-13-01T00:00:00Z", False),
    ("IsTimestamp", False, 5, True), ("IsNumeric", False, True, True), ("IsNull", True, None, True), ("IsString", False, None, True),
    ("TimestampLessThan", "2026-01-01T00:00:00Z", "2026-01-01T00:30:00+01:00", True),
    ("TimestampEquals", "2026-01-01T00:00:00Z", "2026-01-01", False),
]  # fmt: skip


@pytest.mark.parametrize(("test", "wanted", "value", "holds"), RULES)
def test_rules(test: str, wanted: Any, value: Any, holds: bool) -> None:
    assert data._holds({"Variable": "$.v", test: wanted}, {"v": value}) is holds


def test_a_rule_on_what_is_not_there_fails_the_machine() -> None:
    with pytest.raises(data.Failure, match=r"States\.Runtime"):
        data._holds({"Variable": "$.v", "NumericEquals": 1}, {})
    with pytest.raises(data.Failure, match=r"States\.NoChoiceMatched"):
        data.choose([], None, "{}")


STATES = [
    ({"InputPath": None}, {"x": 1}, {}), ({"OutputPath": None}, {"x": 1}, {}), ({"ResultPath": None}, {"x": 1}, {"x": 1}),
    ({"InputPath": "$.a", "ResultPath": None}, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
    ({"InputPath": "$.a", "ResultPath": "$.r"}, {"a": 1}, {"a": 1, "r": 1}),
    ({"Parameters": {"k.$": "$.x"}, "ResultPath": "$.r.s"}, {"x": 1}, {"x": 1, "r": {"s": {"k": 1}}}),
    ({"ResultPath": "$.a[1]", "Parameters": {}}, {"a": [1, 2]}, {"a": [1, {}]}),
    ({"ResultPath": "$['a b']", "InputPath": "$.x"}, {"x": 1}, {"x": 1, "a b": 1}),
    ({"Parameters": {"t.$": "$.a[*].b", "u": {"v.$": "$$.State.Name"}, "w": [{"x.$": "$.n"}]}}, {"a": [{"b": 1}], "n": 2},
     {"t": [1], "u": {"v": "A"}, "w": [{"x": 2}]}),
    ({"ResultSelector": {"first.$": "$[0]"}}, [7, 8], {"first": 7}), ({"OutputPath": "$.x"}, {"x": 9}, 9), ({}, "text", "text"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "given", "after"), STATES)
def test_what_becomes_of_a_document(fields: dict[str, Any], given: Any, after: Any) -> None:
    assert json.loads(data.through({**fields, "State": "A"}, json.dumps(given), lambda each: each)) == after


@pytest.mark.parametrize("path", ["$.a[5]", "$.n.x", "$[0]"])
def test_a_result_that_has_no_place(path: str) -> None:
    with pytest.raises(data.Failure, match="ResultPathMatchFailure"):
        data.through({"ResultPath": path}, json.dumps({"a": [], "n": 1}), lambda each: each)


def failing(error: str, **catch: str) -> bytes:
    """A machine whose parallel fails with this error, with a catcher for each name."""
    inner = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": error, "Cause": "it: is"}}}
    catchers = [
        {"ErrorEquals": [name.replace("_", ".")], "Next": to, "ResultPath": "$.e"} for name, to in catch.items()
    ]
    return machine({"P": {"Type": "Parallel", "Branches": [inner], "Catch": catchers, "Next": "Never"},
                    **{name: goto(None, Result=name, ResultPath="$.at") for name in ("Never", "One", "Two")}})  # fmt: skip


@pytest.mark.parametrize(
    ("catch", "at"),
    [({"Odd": "One"}, "One"), ({"Other": "One", "Odd": "Two"}, "Two"), ({"Other": "One", "States_ALL": "Two"}, "Two"),
     ({"States_TaskFailed": "One", "States_ALL": "Two"}, "One"), ({"Other": "One"}, None), ({"States_Timeout": "One", "Other": "Two"}, None)],
)  # fmt: skip
def test_a_catcher_takes_the_errors_that_it_names(
    econda, tmp_path: Path, catch: dict[str, str], at: str | None
) -> None:
    found = run(econda, tmp_path, failing("Odd", **catch), {"x": 1})
    if at is None:
        assert '"Error": "Odd"' in json.dumps(found).replace('\\"', '"')
    else:
        assert found == {"x": 1, "e": {"Error": "Odd", "Cause": "it: is"}, "at": at}


@pytest.mark.parametrize(
    ("message", "error", "cause"),
    [
        ("p/a[0]/fail: Odd: it: is", "Odd", "it: is"),
        ("p/a[0]/x (attempt 2) timed out: timed out after 1000 ms", "States.Timeout", "timed out after 1000 ms"),
        ("p/x (attempt 1) failed: KeyError: 'a'\n  File \"x.py\", line 1\n", "KeyError", "'a'"),
        ("p/x (attempt 1) failed: json.decoder.JSONDecodeError: no: good", "JSONDecodeError", "no: good"),
        ('p/x (attempt 1) failed: asl_data.Failure: {"Error": "S3.NoSuchKeyException", "Cause": "c"}\n  File "x"', "S3.NoSuchKeyException", "c"),
        ("p/x (attempt 1) out of memory: killed", "States.TaskFailed", "killed"),
    ],
)  # fmt: skip
def test_errors_keep_their_names(message: str, error: str, cause: str) -> None:
    found = data.failure_of(message)
    assert (found.name, found.cause) == (error, cause)


def test_runtime_errors_are_caught_by_their_name_only() -> None:
    message = "p/x (attempt 1) failed: asl_data.Failure: " + str(data.Failure("States.Runtime", "c"))
    with pytest.raises(data.Failure):
        data.caught([{"ErrorEquals": ["States.ALL"], "Next": "A"}], "{}", message)
    assert data.caught([{"ErrorEquals": ["States.Runtime"], "Next": "A"}], "{}", message)[1] == "A"


def test_what_cannot_be_computed_is_said_where_it_stands() -> None:
    states = {
        "A": goto("B", Parameters={"n.$": "$.xs.length()"}),
        "B": goto("C", Parameters={"n.$": "States.Nothing($.x)"}),
        "C": goto("D", Parameters={"n.$": "$$.Task.Token"}),
        "D": goto("E", ResultPath="$.a[*]"),
        "E": {"Type": "Task", "Resource": "arn:aws:states:::nowhere:doIt", "Next": "F"},
        "F": {"Type": "Choice", "Choices": [rule("$.x", "StringLike", "a", "G")], "Default": "G"},
        "G": goto(None),
    }
    found = import_asl(machine(states), "m.json")
    for word, where in (("length()", "A"), ("States.Nothing", "B"), ("$$.Task.Token", "C"), ("$.a[*]", "D"), ("nowhere:doIt", "E"),
                        ("StringLike", "F")):  # fmt: skip
        assert f"m.json: {where}" in gap(found, word)


def test_requests_have_the_names_of_their_service() -> None:
    states = {"A": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "Parameters": {"StateMachineArn": "x"}, "Next": "B"},
              "B": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:cloudwatchlogs:describeLogGroups", "End": True}}  # fmt: skip
    found = import_asl(machine(states), "m.json")
    assert found.gaps == []
    code = found.files["m_states.py"].decode()
    assert "request('stepfunctions', 'StartExecution', given)" in code
    assert "request('logs', 'DescribeLogGroups', given)" in code
    space: dict[str, Any] = {"asl_data": data, "json": json}
    exec(compile(code.replace("import asl_data\n", ""), "m_states.py", "exec"), space)
    import botocore.session

    shape = (
        botocore.session.get_session().get_service_model("stepfunctions").operation_model("StartExecution").input_shape
    )
    assert space["cased"]({"StateMachineArn": "x", "Input": {"a": 1}}, shape) == {
        "stateMachineArn": "x",
        "input": '{"a": 1}',
    }
    assert space["capital"]({"executionArn": [{"a": 1}]}) == {"ExecutionArn": [{"A": 1}]}
