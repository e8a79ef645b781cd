"""What a state does with its JSON: paths, templates, results, choices. Standard library only.

`econda import` puts a copy of this file beside the pipeline, whose tasks call it; inside econda nothing does.
"""

from __future__ import annotations

import datetime as dt
import json
import operator
import re
import time
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

_PART = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']*)'\]")
_JSONATA = re.compile(r"\{%\s*(.*?)\s*%\}", re.DOTALL)
_TERM = re.compile(r"\$states\.(input|result)((?:\.[A-Za-z_]\w*|\[\d+\])*)")
_TEST = re.compile(r"(\S+)\s*(=|!=|<=|>=|<|>)\s*(.+)")
_SIGNS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_ORDER = {"Equals": operator.eq, "LessThan": operator.lt, "GreaterThan": operator.gt,
          "LessThanEquals": operator.le, "GreaterThanEquals": operator.ge}  # fmt: skip
_KINDS: dict[str, Any] = {"String": str, "Numeric": (int, float), "Boolean": bool, "Timestamp": str}


def through(fields: dict[str, Any], state: str, work: Callable[[Any], Any]) -> str:
    """One state: its input chosen, worked on, and the result put where the state says."""
    document = json.loads(state)
    given = enter(fields, document)
    return leave(fields, document, given, work(given))


def enter(fields: dict[str, Any], document: Any, context: Any = None) -> Any:
    """What a state's work gets of the whole document."""
    if "Arguments" in fields:
        return jsonata(fields["Arguments"], document)
    chosen = None if fields.get("InputPath", "$") is None else look(fields.get("InputPath", "$"), document, context)
    chosen = {} if chosen is None else chosen
    return fill(fields["Parameters"], chosen, context) if "Parameters" in fields else chosen


def leave(fields: dict[str, Any], document: Any, given: Any, result: Any) -> str:
    """The document after a state, as text."""
    if "Output" in fields:
        return json.dumps(jsonata(fields["Output"], document, result))
    if "ResultSelector" in fields:
        result = fill(fields["ResultSelector"], result)
    where = fields.get("ResultPath", "$")
    after = (given if "Parameters" not in fields else document) if where is None else put(where, document, result)
    out = fields.get("OutputPath", "$")
    return json.dumps({} if out is None else look(out, after))


def items(fields: dict[str, Any], state: str) -> list[str]:
    """The input of every member of a Map."""
    document = json.loads(state)
    given = enter({key: fields[key] for key in ("InputPath", "Arguments") if key in fields}, document)
    found = jsonata(fields["Items"], document) if "Items" in fields else look(fields.get("ItemsPath", "$"), given)
    if not isinstance(found, list):
        raise ValueError(f"a Map needs a list, {fields.get('ItemsPath', '$')} is {found!r:.100}")
    selector = fields.get("ItemSelector", fields.get("Parameters"))
    if selector is None:
        return [json.dumps(each) for each in found]
    return [json.dumps(fill(selector, given, {"Map": {"Item": {"Index": i, "Value": each}}})) for i, each in enumerate(found)]  # fmt: skip


def collect(fields: dict[str, Any], state: str, results: list[str]) -> str:
    """The document after a Map or Parallel, from what its members gave."""
    document = json.loads(state)
    kept = {key: each for key, each in fields.items() if key != "Parameters"}
    return leave(kept, document, document, [json.loads(each) for each in results])


def choose(rules: list[dict[str, Any]], default: str | None, state: str) -> str:
    """The next state by the first rule that holds."""
    document = json.loads(state)
    for rule in rules:
        if holds(rule, document):
            return rule["Next"]
    if default is None:
        raise ValueError(f"States.NoChoiceMatched: no rule holds for {state:.200}")
    return default


def caught(where: str | None, state: str, error: str) -> str:
    """The document that a catcher's state gets."""
    document = json.loads(state)
    return json.dumps(
        document if where is None else put(where, document, {"Error": "States.TaskFailed", "Cause": error})
    )


def wait(fields: dict[str, Any], state: str) -> str:
    """Wait as a Wait state does, then give the document on."""
    document = json.loads(state)
    seconds = jsonata(fields["Seconds"], document) if "Seconds" in fields else None
    if "SecondsPath" in fields:
        seconds = look(fields["SecondsPath"], document)
    until = look(fields["TimestampPath"], document) if "TimestampPath" in fields else fields.get("Timestamp")
    if seconds is None:
        seconds = (dt.datetime.fromisoformat(str(until)) - dt.datetime.now(dt.UTC)).total_seconds()
    time.sleep(max(0.0, float(seconds)))
    return through(fields, state, lambda given: given)


def look(path: str, document: Any, context: Any = None) -> Any:
    """What a reference path or a function means: `$.a.b[0]`, `$$.Map.Item.Value`, `States.Format(…)`."""
    if path.startswith("States."):
        return _function(path, document, context)
    value, rest = (context, path[2:]) if path.startswith("$$") else (document, path[1:])
    if not path.startswith("$") or _PART.sub("", rest):
        raise ValueError(f"the path {path!r} is not one of names and numbers; choose the value in a task")
    for name, index, quoted in _PART.findall(rest):
        try:
            value = value[int(index)] if index else value[name or quoted]
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"States.ParameterPathFailure: there is no {path} in the input") from error
    return value


def put(path: str, document: Any, result: Any) -> Any:
    """The document with a result at a reference path."""
    if path == "$":
        return result
    names = [name or quoted for name, _, quoted in _PART.findall(path[1:])]
    copy = json.loads(json.dumps(document))
    if not isinstance(copy, dict) or not all(names):
        raise ValueError(f"States.ResultPathMatchFailure: {path} cannot be set")
    inner = copy
    for name in names[:-1]:
        inner = inner.setdefault(name, {})
    inner[names[-1]] = result
    return copy


def fill(template: Any, document: Any, context: Any = None) -> Any:
    """A template with the values of its `.$` keys."""
    if isinstance(template, list):
        return [fill(each, document, context) for each in template]
    if not isinstance(template, dict):
        return template
    filled = {}
    for key, each in template.items():
        if key.endswith(".$"):
            filled[key[:-2]] = look(each, document, context)
        else:
            filled[key] = fill(each, document, context)
    return filled


def holds(rule: dict[str, Any], document: Any) -> bool:
    """Whether a rule of a Choice holds."""
    if "Condition" in rule:
        return jsonata(rule["Condition"], document) is True
    if "And" in rule:
        return all(holds(each, document) for each in rule["And"])
    if "Or" in rule:
        return any(holds(each, document) for each in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], document)
    test = next(key for key in rule if key not in ("Variable", "Next", "Comment", "Assign", "Output"))
    wanted = rule[test]
    try:
        value = look(rule["Variable"], document)
    except ValueError:
        if test == "IsPresent":
            return wanted is False
        raise
    if test.startswith("Is"):
        return _is(test, value) is wanted
    if test.endswith("Path"):
        test, wanted = test[:-4], look(wanted, document)
    if test == "StringMatches":
        return isinstance(value, str) and fnmatchcase(value, wanted)
    kind = next(kind for kind in _KINDS if test.startswith(kind))
    if not isinstance(value, _KINDS[kind]) or (kind == "Numeric" and isinstance(value, bool)):
        return False
    if kind == "Timestamp":
        value, wanted = dt.datetime.fromisoformat(value), dt.datetime.fromisoformat(wanted)
    return _ORDER[test.removeprefix(kind)](value, wanted)


def _is(test: str, value: Any) -> bool:
    match test:
        case "IsPresent":
            return True
        case "IsNull":
            return value is None
        case "IsTimestamp":
            try:
                return bool(dt.datetime.fromisoformat(value))
            except (TypeError, ValueError):
                return False
        case _:
            kind = test.removeprefix("Is")
            return isinstance(value, _KINDS[kind]) and not (kind == "Numeric" and isinstance(value, bool))


def _function(call: str, document: Any, context: Any) -> Any:
    name, args = call[len("States.") : call.index("(")], _arguments(call, document, context)
    match name:
        case "Format":
            text, *values = args
            parts = text.split("{}")
            return "".join(part + (_shown(values[i]) if i < len(parts) - 1 else "") for i, part in enumerate(parts))
        case "JsonToString":
            return json.dumps(args[0])
        case "StringToJson":
            return json.loads(args[0])
        case "Array":
            return args
        case "ArrayLength":
            return len(args[0])
        case "ArrayContains":
            return args[1] in args[0]
        case "ArrayGetItem":
            return args[0][args[1]]
        case "MathAdd":
            return args[0] + args[1]
    raise ValueError(f"States.{name} is not carried over; compute it in a task")


FUNCTIONS = (
    "Format",
    "JsonToString",
    "StringToJson",
    "Array",
    "ArrayLength",
    "ArrayContains",
    "ArrayGetItem",
    "MathAdd",
)


def _arguments(call: str, document: Any, context: Any) -> list[Any]:
    inside = call[call.index("(") + 1 : call.rindex(")")]
    found, depth, quoted, start = [], 0, False, 0
    for place, sign in enumerate(inside + ","):
        if sign == "'" and inside[place - 1 : place] != "\\":
            quoted = not quoted
        elif not quoted and sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "," and not quoted and depth == 0:
            found.append(inside[start:place].strip())
            start = place + 1
    return [_argument(each, document, context) for each in found if each]


def _argument(text: str, document: Any, context: Any) -> Any:
    if text.startswith("'"):
        return text[1:-1].replace("\\'", "'").replace("\\\\", "\\")
    return look(text, document, context) if text.startswith(("$", "States.")) else json.loads(text)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def jsonata(template: Any, document: Any, result: Any = None) -> Any:
    """Templates with `{% … %}` of a path, or of a path compared with a constant."""
    if isinstance(template, list):
        return [jsonata(each, document, result) for each in template]
    if isinstance(template, dict):
        return {key: jsonata(each, document, result) for key, each in template.items()}
    match = _JSONATA.fullmatch(template) if isinstance(template, str) else None
    if match is None:
        return template
    if not understood(template):
        raise ValueError(f"the JSONata {template} is not carried over; compute it in a task")
    test = _TEST.fullmatch(match[1])
    if test is None:
        return _term(match[1], document, result)
    left, right = _term(test[1], document, result), json.loads(test[3].replace("'", '"'))
    return left is not None and _SIGNS[test[2]](left, right)


def understood(template: str) -> bool:
    """Whether `jsonata` can compute a text."""
    match = _JSONATA.fullmatch(template)
    if match is None:
        return True
    test = _TEST.fullmatch(match[1])
    if test is None:
        return _TERM.fullmatch(match[1]) is not None
    try:
        json.loads(test[3].replace("'", '"'))
    except ValueError:
        return False
    return _TERM.fullmatch(test[1]) is not None


def _term(text: str, document: Any, result: Any) -> Any:
    match = _TERM.fullmatch(text)
    value = document if match and match[1] == "input" else result
    for name, index, _ in _PART.findall(match[2] if match else ""):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return None
    return value
