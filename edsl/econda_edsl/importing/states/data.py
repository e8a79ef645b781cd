"""What a state does with its JSON: what it takes of the document, what it makes of its result. Standard library only.

`econda import` puts a copy of this file beside the pipeline, whose tasks call it; inside econda nothing does.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import time
from collections.abc import Callable
from typing import Any

from econda_edsl.importing.states.choices import holds
from econda_edsl.importing.states.functions import IntrinsicFailure, call
from econda_edsl.importing.states.jsonata import jsonata
from econda_edsl.importing.states.paths import find, parsed

_LATER = re.compile(r"\(attempt \d+\) ([a-z ]+): (.*)", re.DOTALL)
_STEP = re.compile(r"[^:]*/fail\w*: (.*)", re.DOTALL)
_UNCAUGHT = frozenset({"States.Runtime", "States.DataLimitExceeded"})
"""Errors that no catcher takes unless it names them (States Language, "Errors")."""

CAUSE_MOST = 1_000
"""Characters of a cause that reach a catcher."""


class Failure(Exception):
    """A state has failed with an error of this name; `str` gives both as JSON, which a catcher reads."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(name, cause)
        self.name, self.cause = name, cause

    def __str__(self) -> str:
        # Messages of attempts have an end, and JSON that is cut off cannot be read.
        return json.dumps({"Error": self.name, "Cause": self.cause[:CAUSE_MOST]}, ensure_ascii=False)


def through(fields: dict[str, Any], state: str, work: Callable[[Any], Any]) -> str:
    """One state: its input chosen, worked on, and the result put where the state says."""
    document = json.loads(state)
    given = enter(fields, document)
    return leave(fields, document, work(given))


def enter(fields: dict[str, Any], document: Any) -> Any:
    """What a state's work gets of the whole document."""
    if "Arguments" in fields:
        return jsonata(fields["Arguments"], document, context=context(fields))
    chosen = effective(fields, document)
    return fill(fields["Parameters"], chosen, context(fields)) if "Parameters" in fields else chosen


def effective(fields: dict[str, Any], document: Any) -> Any:
    """The document after `InputPath`."""
    where = fields.get("InputPath", "$")
    return {} if where is None else look(where, document, context(fields), "States.Runtime")


def context(fields: dict[str, Any]) -> dict[str, Any]:
    """The context object, as far as it is known here."""
    run, now = os.environ.get("ECONDA_RUN", ""), dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    return {
        "Execution": {"Id": run, "Name": run},
        "State": {"Name": fields.get("State", ""), "EnteredTime": now.replace("+00:00", "Z")},
        "StateMachine": {"Name": fields.get("Machine", "")},
    }


CONTEXT = ("Execution.Id", "Execution.Name", "State.Name", "State.EnteredTime", "StateMachine.Name")
"""What of the context object there is; of a Map's members also `Map.Item`."""


def leave(fields: dict[str, Any], document: Any, result: Any) -> str:
    """The document after a state, as text."""
    if "Output" in fields:
        return json.dumps(jsonata(fields["Output"], document, result, context(fields)))
    if "ResultSelector" in fields:
        result = fill(fields["ResultSelector"], result, context(fields))
    where = fields.get("ResultPath", "$")
    after = document if where is None else put(where, document, result)
    out = fields.get("OutputPath", "$")
    return json.dumps({} if out is None else look(out, after, context(fields), "States.Runtime"))


def items(fields: dict[str, Any], state: str) -> list[str]:
    """The input of every member of a Map."""
    document = json.loads(state)
    given = document if "Items" in fields else effective(fields, document)
    if "Items" in fields:
        found = jsonata(fields["Items"], document, context=context(fields))
    else:
        found = look(fields.get("ItemsPath", "$"), given, context(fields), "States.Runtime")
    if not isinstance(found, list):
        raise Failure("States.Runtime", f"a Map needs an array, {fields.get('ItemsPath', '$')} is {found!r:.100}")
    selector = fields.get("ItemSelector", fields.get("Parameters"))
    if selector is None:
        return [json.dumps(each) for each in found]
    made = []
    for index, each in enumerate(found):
        about = {**context(fields), "Map": {"Item": {"Index": index, "Value": each}}}
        made.append(jsonata(selector, given, context=about) if "Items" in fields else fill(selector, given, about))
    return [json.dumps(each) for each in made]


def collect(fields: dict[str, Any], state: str, results: list[str]) -> str:
    """The document after a Map or Parallel, from what its members gave."""
    return leave(fields, json.loads(state), [json.loads(each) for each in results])


def choose(rules: list[dict[str, Any]], default: str | None, state: str) -> str:
    """The next state by the first rule that holds."""
    document = json.loads(state)
    for rule in rules:
        if _holds(rule, document):
            return rule["Next"]
    if default is None:
        raise Failure("States.NoChoiceMatched", f"no rule holds for {state:.200}")
    return default


def _holds(rule: dict[str, Any], document: Any) -> bool:
    if "Condition" in rule:
        return jsonata(rule["Condition"], document) is True
    try:
        return holds(rule, lambda path: find(path, document))
    except LookupError as error:
        raise Failure("States.Runtime", f"there is no {error} in the input of the choice") from None


def caught(catchers: list[dict[str, Any]], state: str, message: str) -> tuple[str, str]:
    """The document and the state that come after a failure: those of the first catcher that takes it.

    Raises `Failure` again if none does.
    """
    error = failure_of(message)
    for catcher in catchers:
        if any(_takes(name, error.name) for name in catcher.get("ErrorEquals", ())):
            document = json.loads(state)
            about = {"Error": error.name, "Cause": error.cause}
            if "Output" in catcher:
                after = jsonata(catcher["Output"], document, error=about)
            else:
                where = catcher.get("ResultPath", "$")
                after = document if where is None else put(where, document, about)
            return json.dumps(after), catcher["Next"]
    raise error


def _takes(wanted: str, name: str) -> bool:
    if wanted == "States.ALL":
        return name not in _UNCAUGHT
    if wanted == "States.TaskFailed":
        return name not in _UNCAUGHT and name != "States.Timeout"
    return wanted == name


def failure_of(message: str) -> Failure:
    """The error that a step's message tells: of a Fail, of a function here, of Python's own, of a time-out."""
    if found := _LATER.search(message):
        kind, said = found[1], found[2]
        if kind == "timed out":
            return Failure("States.Timeout", said)
        full, _, rest = said.split("\n  File ")[0].partition(": ")
        name = full.rpartition(".")[2]
        if name == "Failure" and (told := _told(rest)) is not None:
            return told
        # As Lambda names what a function of Python raises.
        return Failure(name, rest) if kind == "failed" and name.isidentifier() else Failure("States.TaskFailed", said)
    found = _STEP.fullmatch(message)
    said = found[1] if found else message
    if (told := _told(said)) is not None:
        return told
    name, _, cause = said.partition(": ")
    return Failure(name, cause)


def _told(text: str) -> Failure | None:
    try:
        found = json.loads(text)
        return Failure(str(found["Error"]), str(found["Cause"]))
    except (ValueError, TypeError, KeyError):
        return None


def wait(fields: dict[str, Any], state: str) -> str:
    """Wait as a Wait state does, then give the document on."""
    document = json.loads(state)
    seconds, until = fields.get("Seconds"), fields.get("Timestamp")
    if "SecondsPath" in fields:
        seconds = look(fields["SecondsPath"], effective(fields, document), context(fields), "States.Runtime")
    if "TimestampPath" in fields:
        until = look(fields["TimestampPath"], effective(fields, document), context(fields), "States.Runtime")
    if isinstance(seconds, str):
        seconds = jsonata(seconds, document, context=context(fields))
    if isinstance(until, str):
        until = jsonata(until, document, context=context(fields))
    if seconds is None:
        seconds = (dt.datetime.fromisoformat(str(until)) - dt.datetime.now(dt.UTC)).total_seconds()
    time.sleep(max(0.0, float(seconds)))
    return through(fields, state, lambda given: given)


def look(path: str, document: Any, about: Any = None, error: str = "States.ParameterPathFailure") -> Any:
    """What a path or a function means: `$.a[*].b`, `$$.Map.Item.Value`, `States.Format(…)`. Raises `Failure`."""
    if path.lstrip().startswith("States."):
        try:
            return call(path, lambda each: look(each, document, about, error))
        except IntrinsicFailure as failed:
            raise Failure("States.IntrinsicFailure", str(failed)) from None
    value, rest = (about, path[1:]) if path.startswith("$$") else (document, path)
    try:
        return find(rest, value)
    except LookupError:
        raise Failure(error, f"there is no {path} in {'the context object' if rest != path else 'the input'}") from None


def put(path: str, document: Any, result: Any) -> Any:
    """The document with a result at a reference path; names that are not there are made. Raises `Failure`."""
    keys = parsed(path).keys
    if not keys:
        return result
    copy = json.loads(json.dumps(document))
    inner = copy
    for key, following in zip(keys, (*keys[1:], None)):
        if isinstance(key, str) and isinstance(inner, dict):
            if following is None:
                inner[key] = result
            else:
                inner = inner.setdefault(key, {})
        elif isinstance(key, int) and isinstance(inner, list) and 0 <= key < len(inner):
            if following is None:
                inner[key] = result
            else:
                inner = inner[key]
        else:
            raise Failure("States.ResultPathMatchFailure", f"{path} cannot be set in {json.dumps(document):.200}")
    return copy


def fill(template: Any, document: Any, about: Any = None) -> Any:
    """A template with the values of its `.$` keys."""
    if isinstance(template, list):
        return [fill(each, document, about) for each in template]
    if not isinstance(template, dict):
        return template
    filled = {}
    for key, each in template.items():
        if key.endswith(".$"):
            filled[key[:-2]] = look(each, document, about)
        else:
            filled[key] = fill(each, document, about)
    return filled
