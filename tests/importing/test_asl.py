"""State machines: their ways become blocks, their JSON is handled as they say, and the plans run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from econda_edsl.importing.formats import detect
from econda_edsl.importing.report import NotImported
from econda_edsl.importing.states import data
from econda_edsl.importing.states.workflow import import_asl
from econda_edsl.plan import Foreach, Repeat, When
from econda_edsl.plan.nodes import all_nodes

from tests.importing.conftest import gap, written

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:"


def machine(states: dict[str, Any], start: str | None = None, **more: Any) -> bytes:
    return json.dumps({"StartAt": start or next(iter(states)), "States": states, **more}).encode()


def goto(name: str | None, **fields: Any) -> dict[str, Any]:
    return {"Type": "Pass", **({"Next": name} if name else {"End": True}), **fields}


def rule(variable: str, test: str, value: Any, next_: str) -> dict[str, Any]:
    return {"Variable": variable, test: value, "Next": next_}


ORDER = machine(
    {
        "Prepare": goto("Amount?", Parameters={"order.$": "$.order", "limit": 100}),
        "Amount?": {"Type": "Choice", "Default": "Small",
                    "Choices": [rule("$.order.amount", "NumericGreaterThan", 100, "Large"),
                                rule("$.order.amount", "NumericLessThan", 0, "Refused")]},
        "Refused": {"Type": "Fail", "Error": "Bad {order}", "Cause": 'below "0"'},
        "Large": goto("Ship", Result="by truck", ResultPath="$.how"),
        "Small": goto("Ship", Result="by post", ResultPath="$.how"),
        "Ship": {"Type": "Map", "ItemsPath": "$.order.items", "MaxConcurrency": 2, "ToleratedFailurePercentage": 10,
                 "ItemSelector": {"item.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index", "how.$": "$.how"},
                 "ItemProcessor": {"StartAt": "Label", "States": {"Label": goto(None, Parameters={
                     "label.$": "States.Format('{} {} {}', $.at, $.item, $.how)"})}},
                 "ResultPath": "$.labels", "Next": "Both"},
        "Both": {"Type": "Parallel", "Next": "Done", "ResultPath": "$.both", "Branches": [
            {"StartAt": "A", "States": {"A": goto(None, Result=1)}},
            {"StartAt": "B", "States": {"B": goto(None, Result=2)}}]},
        "Done": {"Type": "Succeed", "OutputPath": "$"},
    },
    TimeoutSeconds=3600,
)  # fmt: skip


def run(econda, tmp_path: Path, source: bytes, given: Any) -> Any:
    (tmp_path / "m.json").write_bytes(source)
    done = econda("import", "m.json", "-o", "out", "--json")
    assert done.returncode in (0, 5), done.stderr
    ran = econda("run", "out/m.edsl", "-p", f"input={json.dumps(given)}", "--json")
    told = json.loads(ran.stdout)
    return json.loads(told["outputs"]["output"]) if ran.returncode == 0 else told


def test_choices_maps_and_parallels_run_as_the_machine_would(econda, tmp_path: Path) -> None:
    found = run(econda, tmp_path, ORDER, {"order": {"amount": 500, "items": ["cup", "pot"]}})
    assert [each["label"] for each in found["labels"]] == ["0 cup by truck", "1 pot by truck"]
    assert found["both"] == [1, 2]
    small = (tmp_path / "out" / "m.edsl").read_text()
    assert "deadline = 1h" in small
    assert "with parallel = 2, tolerate = 10%" in small
    assert 'fail "Bad {{order}}: below \\"0\\""' in small


POLL = machine(
    {
        "Start": goto("Look", Result=0, ResultPath="$.n"),
        "Look": goto("Ready?", Parameters={"n.$": "States.MathAdd($.n, 1)"}),
        "Ready?": {"Type": "Choice", "Default": "Pause", "Choices": [rule("$.n", "NumericGreaterThanEquals", 3, "Done"),
                                                                      rule("$.n", "NumericLessThan", 0, "Never")]},
        "Pause": {"Type": "Wait", "Seconds": 0, "Next": "Look"},
        "Never": {"Type": "Fail"},
        "Done": goto(None),
    }
)  # fmt: skip


def test_a_circle_becomes_a_repeat_with_a_bound(econda, tmp_path: Path) -> None:
    assert run(econda, tmp_path, POLL, {}) == {"n": 3}
    found = import_asl(POLL, "poll.json")
    text, plan = written(found)
    assert [type(node) for node in plan.body].count(Repeat) == 1
    assert "1000 rounds" in gap(found, "a circle without a bound")
    assert "a Wait keeps a worker" in gap(found, "Wait")
    assert "# TODO poll.json: Look: a circle" in text


def test_a_caught_failure_goes_where_the_catcher_says(econda, tmp_path: Path) -> None:
    states = {
        "Try": {"Type": "Task", "Resource": "arn:aws:states:eu-west-1:1:activity:paint", "Next": "Good",
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Bad", "ResultPath": "$.error"}]},
        "Good": goto(None),
        "Bad": goto(None, ResultPath="$.handled", Result=True),
    }  # fmt: skip
    found = run(econda, tmp_path, machine(states), {"x": 1})
    assert (found["x"], found["handled"]) == (1, True)
    assert "activity:paint" in found["error"]["Cause"]
    assert "write it in m_states.py" in gap(import_asl(machine(states), "m.json"), "activity:paint")


def test_tasks_call_their_function_with_timeout_and_retries() -> None:
    states = {
        "Buy": {"Type": "Task", "Resource": FUNCTION + "buy", "Next": "Keep", "TimeoutSeconds": 90, "ResultPath": "$.bought",
                "Retry": [{"ErrorEquals": ["States.Timeout", "Busy"], "IntervalSeconds": 2, "MaxAttempts": 4,
                           "BackoffRate": 1.5, "MaxDelaySeconds": 60},
                          {"ErrorEquals": ["States.ALL"]}]},
        "Keep": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:putObject", "Parameters": {"Bucket": "b"}, "End": True},
    }  # fmt: skip
    found = import_asl(machine(states), "buy.json")
    _, plan = written(found)
    task = plan.tasks["buy_2"]  # the pipeline is `buy`
    assert (task.timeout_ms, task.retry.attempts, task.retry.first_ms) == (90_000, 5, 2_000)
    assert (task.retry.factor, task.retry.cap_ms, task.retry.on) == (1.5, 60_000, ("timed_out", "failed"))
    assert f"invoke('{FUNCTION}buy', given)" in found.files["buy_states.py"].decode()
    assert "request('s3', 'PutObject', given)" in found.files["buy_states.py"].decode()
    assert "one rule to retry" in gap(found, "all retriers")
    assert '"Busy"' in gap(found, "no names")


def test_ways_that_never_meet_are_written_out_and_early_ends_keep_their_result(econda, tmp_path: Path) -> None:
    states = {
        "First": {"Type": "Choice", "Default": "End here", "Choices": [rule("$.n", "NumericEquals", 1, "One"),
                                                                        rule("$.n", "NumericEquals", 2, "Two")]},
        "One": goto("Both", Result="one"),
        "Two": goto("Both", Result="two"),
        "Both": goto(None, Parameters={"was.$": "$"}),
        "End here": goto(None, Result="none"),
    }  # fmt: skip
    source = machine(states)
    assert run(econda, tmp_path, source, {"n": 2}) == {"was": "two"}
    ran = econda("run", "out/m.edsl", "-p", 'input={"n": 9}', "--json")
    assert json.loads(json.loads(ran.stdout)["outputs"]["output"]) == "none"
    _, plan = written(import_asl(source, "m.json"))
    assert sum(isinstance(node, When) for node in all_nodes(plan.body)) == 1


def test_jsonata_is_computed_and_what_nobody_understands_is_reported() -> None:
    states = {
        "Ask": {"Type": "Choice", "Default": "No", "Choices": [{"Condition": "{% $states.input.n > 5 %}", "Next": "Yes"}]},
        "Yes": goto("No", Output={"n": "{% $states.input.n %}"}),
        "No": goto("Bad", Output="{% $sum($states.input.all) %}"),
        "Bad": goto(None, Output="{% $sum( %}"),
    }  # fmt: skip
    found = import_asl(machine(states, QueryLanguage="JSONata"), "q.json")
    text, _ = written(found)
    assert "$sum(" in gap(found, "JSONata")
    assert text.count('packages = ["jsonata-python"]') == 2
    assert data.choose([{"Condition": "{% $states.input.n > 5 %}", "Next": "Yes"}], "No", '{"n": 6}') == "Yes"
    assert data.leave({"Output": {"n": "{% $states.input.n %}"}}, {"n": 6}, None) == '{"n": 6}'
    assert (
        data.leave({"Output": "{% $sum($states.input.all[n>1].n) %}"}, {"all": [{"n": 1}, {"n": 2}, {"n": 3}]}, 0)
        == "5"
    )
    assert data.leave({"Output": "{% $states.result.x & $uuid()[0] != '' %}"}, {}, {"x": "a"}) == "true"


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        ({"Variable": "$.s", "StringMatches": "a*"}, True),
        ({"Variable": "$.s", "StringEquals": "b"}, False),
        ({"Variable": "$.none", "IsPresent": False}, True),
        ({"Variable": "$.s", "IsNumeric": True}, False),
        ({"Variable": "$.t", "IsNumeric": True}, False),
        ({"Variable": "$.n", "NumericEqualsPath": "$.m"}, True),
        ({"Variable": "$.when", "TimestampLessThan": "2026-01-01T00:00:00Z"}, True),
        ({"Not": {"Variable": "$.t", "BooleanEquals": True}}, False),
        (
            {"And": [{"Variable": "$.n", "NumericEquals": 1}, {"Or": [{"Variable": "$.t", "BooleanEquals": True}]}]},
            True,
        ),
        ({"Variable": "$.s", "NumericEquals": 1}, False),
    ],
)
def test_rules_of_choices(test: dict[str, Any], holds: bool) -> None:
    document = {"s": "abc", "n": 1, "m": 1.0, "t": True, "when": "2025-01-01T00:00:00Z"}
    assert data._holds(test, document) is holds


def test_the_files_beside_the_pipeline_need_only_python() -> None:
    found = import_asl(ORDER, "m.json")
    lines = [
        line for name, data in found.files.items() if name.startswith("asl_") for line in data.decode().splitlines()
    ]
    used = {line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))}
    assert used - {"__future__"} - {name.removesuffix(".py") for name in found.files} <= set(sys.stdlib_module_names)


def test_names_that_clash_and_ten_thousand_states() -> None:
    names = ["when", "When", "größe", "任务", "state", "input", "invoke", "a b", "a_b"]
    states = {name: goto(after, Comment="x") for name, after in zip(names, [*names[1:], None])}
    assert len(written(import_asl(machine(states), "n.json"))[1].body) == len(names)
    many = {f"State number {n}": goto(f"State number {n + 1}" if n < 9_999 else None) for n in range(10_000)}
    with pytest.raises(NotImported, match="longer than 1,048,576 bytes"):
        import_asl(machine(many), "many.json")


def test_many_choices_in_a_row_stay_flat() -> None:
    states: dict[str, Any] = {}
    for n in range(300):
        after = f"C{n + 1}" if n < 299 else "Last"
        states[f"C{n}"] = {"Type": "Choice", "Default": f"B{n}", "Choices": [rule("$.n", "NumericEquals", n, f"A{n}")]}
        states[f"A{n}"] = states[f"B{n}"] = goto(after)
    states["Last"] = goto(None)
    _, plan = written(import_asl(machine(states), "flat.json"))
    assert sum(isinstance(node, When) for node in plan.body) == 300


def test_a_map_in_a_circle_with_a_catcher_still_compiles() -> None:
    inner = {"StartAt": "In", "States": {"In": {"Type": "Task", "Resource": FUNCTION + "f", "End": True}}}
    states = {
        "Each": {"Type": "Map", "Iterator": inner, "Next": "Enough?", "Catch": [{"ErrorEquals": ["Odd"], "Next": "Each2"}]},
        "Each2": goto("Enough?"),
        "Enough?": {"Type": "Choice", "Default": "Each", "Choices": [rule("$", "IsNull", True, "Out"), rule("$", "IsString", True, "Other")]},
        "Out": goto("Last"),
        "Other": goto("Last"),
        "Last": goto(None),
    }  # fmt: skip
    found = import_asl(machine(states), "deep.json")
    _, plan = written(found)
    kinds = {type(node) for node in all_nodes(plan.body)}
    assert {Foreach, Repeat, When} <= kinds


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b'{"StartAt": "A", "States": {"A": ', "bad.json:1:34: not JSON"),
        (machine({"A": goto("B")}), 'bad.json: A: leads to "B", which is none of the states'),
        (machine({"A": goto(None)}, "B"), 'StartAt is "B"'),
        (machine({"A": {"Type": "Dance"}}), 'bad.json: A: Type is "Dance"'),
        (machine({"A": {"Type": "Pass"}}), "neither `Next` nor `End`"),
        (machine({"A": goto("B"), "B": goto("A")}), "bad.json: A: this circle of states is never left"),
        (machine({"A": {"Type": "Choice", "Choices": [{}]}}), "Choices[0]: has no `Next`"),
        (machine({"A": 5}), "bad.json: A: 5 where an object is needed"),
    ],
)
def test_what_is_no_machine_is_refused_with_its_place(source: bytes, said: str) -> None:
    assert detect(source, "bad.json") == "asl"
    with pytest.raises(NotImported) as caught:
        import_asl(source, "bad.json")
    assert said in str(caught.value)
