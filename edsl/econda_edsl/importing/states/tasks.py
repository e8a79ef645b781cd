"""The states of a machine as tasks, each with a function in the file beside the pipeline."""

from __future__ import annotations

import ast
import keyword
import pprint
import re
from typing import Any

from econda_edsl.importing.documents import shown
from econda_edsl.importing.report import Gaps
from econda_edsl.importing.states.choices import TESTS, test_of
from econda_edsl.importing.states.data import CONTEXT
from econda_edsl.importing.states.functions import FUNCTIONS, names_in, paths_in
from econda_edsl.importing.states.jsonata import is_plain, understood
from econda_edsl.importing.states.paths import BadPath, parsed
from econda_edsl.writing.literals import duration_literal, text_literal
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import Entry, Input, TaskText

_DATA = ("InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Arguments", "Output")
_PATHS = ("Variable",)
_SDK = re.compile(r"arn:[\w-]+:states:::(?:aws-sdk:)?([a-z0-9-]+):([A-Za-z]+)$")
_FUNCTION = re.compile(r"arn:[\w-]+:lambda:")
_KINDS = {"States.Timeout": "timed_out", "States.HeartbeatTimeout": "lost", "States.TaskFailed": "failed"}
_HEAD = '''"""What each state of {path} does with its JSON document. The tasks of the pipeline run these functions."""

import json

import asl_data
'''
_LAMBDA = '''

def invoke(function, given):
    """Call a function on AWS; needs credentials that may."""
    import boto3

    answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(given).encode())
    result = json.loads(answer["Payload"].read() or "null")
    if "FunctionError" in answer:
        raise asl_data.Failure(str(result.get("errorType", "Lambda.Unknown")), json.dumps(result))
    return result
'''
_CALL = '''

def request(service, action, given):
    """One request to AWS; needs credentials that may. Names begin with a capital letter, as in state machines."""
    import boto3
    from botocore import xform_name
    from botocore.exceptions import ClientError

    client = boto3.client(service)
    shape = client.meta.service_model.operation_model(action).input_shape
    try:
        answer = getattr(client, xform_name(action))(**cased(given, shape))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        name = code if code.endswith("Exception") else f"{code}Exception"
        raise asl_data.Failure(f"{client.meta.service_model.service_id}.{name}", str(error)) from None
    answer.pop("ResponseMetadata", None)
    return json.loads(json.dumps(capital(answer), default=str))


def cased(value, shape):
    """The names of members as the service's own model has them."""
    if shape is None or not hasattr(shape, "type_name"):
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        known = {name.lower(): name for name in shape.members}
        names = {name: known.get(name.lower(), name) for name in value}
        return {names[name]: cased(each, shape.members.get(names[name])) for name, each in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [cased(each, shape.member) for each in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: cased(each, shape.value) for name, each in value.items()}
    return value if shape.type_name != "string" or isinstance(value, str) else json.dumps(value)


def capital(value):
    """The same with names that begin with a capital letter."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: capital(each) for name, each in value.items()}
    return [capital(each) for each in value] if isinstance(value, list) else value
'''

_SERVICES = {"states": "stepfunctions", "sfn": "stepfunctions", "cloudwatchlogs": "logs", "eventbridge": "events",
             "cognitoidentityprovider": "cognito-idp", "costexplorer": "ce", "applicationautoscaling": "application-autoscaling",
             "elasticloadbalancingv2": "elbv2", "resourcegroupstaggingapi": "resourcegroupstaggingapi",
             "cloudwatch": "cloudwatch", "bedrockruntime": "bedrock-runtime", "ssoadmin": "sso-admin"}  # fmt: skip
"""Services whose name in state machines is another than in boto3."""


class StateTasks:
    """Declarations and functions, made once per state although a state may stand in several branches."""

    def __init__(self, file: str, pipeline: str, path: str, gaps: Gaps) -> None:
        self.file, self.path, self.gaps = file, path, gaps
        self.declared: list[TaskText] = []
        self._names, self._known = Names([pipeline, "invoke", "request", "json", "asl_data", *keyword.kwlist]), {}
        self._functions: list[str] = []

    def source(self) -> bytes:
        text = _HEAD.format(path=self.path.replace('"', "'").replace("\\", "/"))
        joined = "".join(self._functions)
        text += _LAMBDA if "invoke(" in joined else ""
        text += _CALL if "request(" in joined else ""
        text += joined
        ast.parse(text)
        return text.encode()

    def of(self, name: str, state: dict[str, Any], where: str) -> str:
        """Task, Pass, Wait or Succeed."""
        match state["Type"]:
            case "Pass" if "Result" in state:
                work = f"lambda given: {_python(state['Result'])}"
            case "Pass" | "Succeed":
                work = "lambda given: given"
            case "Wait":
                kept = {k: state[k] for k in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if k in state}
                self.gaps.of(where, "a Wait keeps a worker", "a pipeline has no step that only waits",
                             "wait outside of the run, or start it later")  # fmt: skip
                self._look(kept, where)
                body = f"    return asl_data.wait({self._checked(name, state, where, kept)}, state)"
                return self._add(name, where, body, _packages(state))
            case _:
                return self._task(name, state, where)
        body = f"    return asl_data.through({self._checked(name, state, where)}, state, {work})"
        return self._add(name, where, body, _packages(state))

    def choice(self, name: str, state: dict[str, Any], where: str) -> str:
        rules = state["Choices"]
        self._look(rules, where)
        self._rules(rules, where)
        body = f"    rules = {_python(rules, 12)}\n    return asl_data.choose(rules, {state.get('Default')!r}, state)"
        return self._add(name, where, body, _packages(rules), outputs=[("next", "String")])

    def _rules(self, rules: list[Any], where: str) -> None:
        """Report comparisons that there are none of."""
        for rule in rules:
            for key in ("And", "Or"):
                self._rules(rule.get(key, []) if isinstance(rule, dict) else [], where)
            if not isinstance(rule, dict) or {"And", "Or", "Condition"} & rule.keys():
                continue
            if "Not" in rule:
                self._rules([rule["Not"]], where)
            elif test_of(rule) not in TESTS or "Variable" not in rule:
                self.gaps.of(where, f"the rule {shown(rule)}", "the States Language has no such comparison",
                             f"correct it in {self.file}")  # fmt: skip

    def items(self, name: str, state: dict[str, Any], where: str) -> str:
        keys = ("InputPath", "ItemsPath", "Items", "ItemSelector", "Parameters", "Arguments")
        fields = {key: state[key] for key in keys if key in state}
        self._look(fields, where)
        body = f"    return asl_data.items({_python({**fields, 'State': name})}, state)"
        return self._add(f"{name}_items", where, body, _packages(fields), outputs=[("items", "List[String]")])

    def entering(self, name: str, state: dict[str, Any], where: str) -> str:
        fields = {key: state[key] for key in ("InputPath", "Parameters", "Arguments") if key in state}
        self._look(fields, where)
        body = f"    return json.dumps(asl_data.enter({_python({**fields, 'State': name})}, json.loads(state)))"
        return self._add(f"{name}_input", where, body, _packages(fields))

    def joining(self, name: str, state: dict[str, Any], where: str) -> str:
        data = {key: state[key] for key in ("ResultSelector", "ResultPath", "OutputPath", "Output") if key in state}
        self._look(data, where)
        body = f"    return asl_data.collect({_python({**data, 'State': name})}, state, results)"
        return self._add(f"{name}_joined", where, body, _packages(data), inputs=[("results", "List[String]")])

    def catcher(self, name: str, found: list[dict[str, Any]], where: str) -> str:
        """What comes after a failure, by the first catcher that takes it."""
        kept = [
            {key: each[key] for key in ("ErrorEquals", "ResultPath", "Output", "Next") if key in each} for each in found
        ]
        self._look(kept, f"{where}: Catch")
        body = f"    catchers = {_python(kept, 15)}\n    return asl_data.caught(catchers, state, error)"
        outputs = [("result", "String"), ("next", "String")]
        inputs = [("error", "String")]
        return self._add(f"{name}_error", f"{where}: Catch", body, _packages(kept), inputs=inputs, outputs=outputs)

    def _task(self, name: str, state: dict[str, Any], where: str) -> str:
        resource, settings = str(state.get("Resource", "")), self._settings(state, where)
        sdk = _SDK.match(resource)
        if _FUNCTION.match(resource):
            work = f"lambda given: invoke({resource!r}, given)"
        elif (
            resource.endswith(":states:::lambda:invoke")
            and "Parameters" in state
            and "FunctionName" in state["Parameters"]
        ):
            function = state["Parameters"]["FunctionName"]
            work = f"lambda given: {{'Payload': invoke({function!r}, given.get('Payload', {{}}))}}"
        elif sdk and _known(service := _SERVICES.get(sdk[1], sdk[1]), action := sdk[2][0].upper() + sdk[2][1:]):
            work = f"lambda given: request({service!r}, {action!r}, given)"
        else:
            note = self.gaps.of(f"{where}: Resource", shown(resource), "only functions and plain requests are carried "
                                "over, nothing that is waited for", f"write it in {self.file}")  # fmt: skip
            function = self._names.take(f"{name}_work")
            self._functions.append(
                f"\n\ndef {function}(given):\n    # {_line(note)}\n    raise NotImplementedError({note!r})\n"
            )
            body = f"    return asl_data.through({self._checked(name, state, where)}, state, {function})"
            return self._add(name, where, body, {**settings, **_packages(state)})
        body = f"    return asl_data.through({self._checked(name, state, where)}, state, {work})"
        return self._add(name, where, body, {**settings, **_packages(state, "boto3")})

    def _settings(self, state: dict[str, Any], where: str) -> dict[str, str]:
        settings: dict[str, str] = {}
        if isinstance(seconds := state.get("TimeoutSeconds"), int) and seconds > 0:
            settings["timeout"] = duration_literal(seconds * 1000)
        retriers = state.get("Retry", [])
        if len(retriers) > 1:
            self.gaps.of(f"{where}: Retry", "all retriers but the first", "a task has one rule to retry",
                         "choose one for all failures")  # fmt: skip
        if retriers:
            settings["retry"] = self._retry(retriers[0], where)
        return settings

    def _retry(self, retrier: dict[str, Any], where: str) -> str:
        kinds = []
        for error in retrier.get("ErrorEquals", ["States.ALL"]):
            if error == "States.ALL":
                kinds = ["any"]
                break
            if error not in _KINDS:
                self.gaps.of(f"{where}: Retry", shown(error), "errors have no names in a pipeline",
                             "every failure of the task is retried instead")  # fmt: skip
            kinds.append(_KINDS.get(error, "failed"))
        on = "any" if kinds == ["any"] else f"[{', '.join(dict.fromkeys(kinds))}]"
        parts = [f"attempts = {int(retrier.get('MaxAttempts', 3)) + 1}",
                 f"first = {duration_literal(float(retrier.get('IntervalSeconds', 1)) * 1000)}",
                 f"factor = {float(retrier.get('BackoffRate', 2.0)):g}"]  # fmt: skip
        if "MaxDelaySeconds" in retrier:
            parts.append(f"cap = {duration_literal(float(retrier['MaxDelaySeconds']) * 1000)}")
        if retrier.get("JitterStrategy") == "FULL":
            parts.append("jitter = 100%")
        return f"exponential({', '.join(parts)}, on = {on})"

    def _add(self, name: str, where: str, body: str, settings: dict[str, str], *,
             inputs: list[tuple[str, str]] | None = None, outputs: list[tuple[str, str]] | None = None) -> str:  # fmt: skip
        if (name, where) in self._known:
            return self._known[name, where]
        given = [("state", "String"), *(inputs or [])]
        function = self._known[name, where] = self._names.take(name, "state")
        self._functions.append(f"\n\ndef {function}({', '.join(key for key, _ in given)}):\n{body}\n")
        inputs_ = [Input(key, kind) for key, kind in given]
        run = Entry("python", f"{self.file}:{function}")
        self.declared.append(TaskText(function, run, inputs_, outputs or [("result", "String")], settings=settings))
        return function

    def _checked(self, name: str, state: dict[str, Any], where: str, more: dict[str, Any] | None = None) -> str:
        data = {key: state[key] for key in _DATA if key in state}
        self._look(data, where)
        return _python({**data, **(more or {}), "State": name})

    def _look(self, data: Any, where: str) -> None:
        """Report what `asl_data` cannot compute."""
        for key, text in _texts(data):
            if text.startswith("{%"):
                if not understood(text):
                    self.gaps.of(where, f"the JSONata {shown(text)}", "it is not understood; `econda-cloud[import]` brings "
                                 "what reads more than paths and comparisons", f"compute it in {self.file}")  # fmt: skip
            elif key.endswith((".$", "Path")) or key in _PATHS:
                self._look_at_path(key, text.strip(), where)

    def _look_at_path(self, key: str, text: str, where: str) -> None:
        try:
            for name in names_in(text) if text.startswith("States.") else ():
                if name not in FUNCTIONS:
                    self.gaps.of(
                        where, shown(text), f"there is no function States.{name}", f"compute it in {self.file}"
                    )
            for path in paths_in(text) if text.startswith("States.") else [text]:
                self._look_at_one(key, path, where)
        except BadPath as error:
            self.gaps.of(where, f"{key} {shown(text)}", str(error), f"compute it in {self.file}")

    def _look_at_one(self, key: str, path: str, where: str) -> None:
        """One path. Raises `BadPath`."""
        keys = parsed(path[1:] if path.startswith("$$") else path)
        if path.startswith("$$"):
            known = ".".join(str(each) for each in keys.keys[:2])
            if known not in CONTEXT and known != "Map.Item":
                self.gaps.of(where, shown(path), f"of the context there are {', '.join(CONTEXT)}, and Map.Item where "
                             "members of a Map are made", "hand it over in the input")  # fmt: skip
            elif known == "Map.Item" and not where.endswith(": Map"):
                self.gaps.of(where, shown(path), "Map.Item is there where a Map makes the inputs of its members",
                             "put it into the ItemSelector")  # fmt: skip
        elif key == "ResultPath" and not (
            keys.definite and all(isinstance(each, str) or each >= 0 for each in keys.keys)
        ):
            raise BadPath("a ResultPath names one place")


def _known(service: str, action: str) -> bool:
    """Whether boto3 has this request."""
    import botocore.loaders

    try:
        model = botocore.loaders.Loader().load_service_model(service, "service-2")
    except Exception:
        return False
    return action in model["operations"]


def _packages(data: Any, *more: str) -> dict[str, str]:
    """The setting for what these data need."""
    computed = any(text.startswith("{%") and not is_plain(text) for _, text in _texts(data))
    names = [*more, *(["jsonata-python"] if computed else [])]
    return {"packages": "[" + ", ".join(text_literal(name) for name in names) + "]"} if names else {}


def _python(value: Any, indent: int = 0) -> str:
    return pprint.pformat(value, width=100, sort_dicts=False).replace("\n", "\n" + " " * indent)


def _texts(data: Any, key: str = "") -> list[tuple[str, str]]:
    """All texts with the key that they stand under."""
    if isinstance(data, dict):
        return [text for name, each in data.items() for text in _texts(each, name)]
    if isinstance(data, list):
        return [text for each in data for text in _texts(each, key)]
    return [(key, data)] if isinstance(data, str) else []


def _line(note: str) -> str:
    return " ".join(note.split())
