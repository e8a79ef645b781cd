"""The states of a machine as tasks, each with a function in the file beside the pipeline."""

from __future__ import annotations

import ast
import keyword
import pprint
import re
from typing import Any

from econda_edsl.importing.asl_data import FUNCTIONS, understood
from econda_edsl.importing.documents import shown
from econda_edsl.importing.report import Gaps
from econda_edsl.writing.literals import duration_literal
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import Entry, Input, TaskText

_DATA = ("InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Arguments", "Output")
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
        raise RuntimeError(f"{function}: {result}")
    return result
'''
_CALL = '''

def request(service, action, given):
    """One request to AWS; needs credentials that may."""
    import boto3
    from botocore import xform_name

    answer = getattr(boto3.client(service), xform_name(action))(**given)
    answer.pop("ResponseMetadata", None)
    return json.loads(json.dumps(answer, default=str))
'''


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
                return self._add(name, where, f"    return asl_data.wait({_fields(state, kept)}, state)", {})
            case _:
                return self._task(name, state, where)
        return self._add(name, where, f"    return asl_data.through({self._checked(state, where)}, state, {work})", {})

    def choice(self, name: str, state: dict[str, Any], where: str) -> str:
        rules = state["Choices"]
        self._look(rules, where)
        body = f"    rules = {_python(rules, 12)}\n    return asl_data.choose(rules, {state.get('Default')!r}, state)"
        return self._add(name, where, body, {}, outputs=[("next", "String")])

    def items(self, name: str, state: dict[str, Any], where: str) -> str:
        keys = ("InputPath", "ItemsPath", "Items", "ItemSelector", "Parameters", "Arguments")
        fields = {key: state[key] for key in keys if key in state}
        self._look(fields, where)
        body = f"    return asl_data.items({_python(fields)}, state)"
        return self._add(f"{name}_items", where, body, {}, outputs=[("items", "List[String]")])

    def entering(self, name: str, state: dict[str, Any], where: str) -> str:
        fields = {key: state[key] for key in ("InputPath", "Parameters", "Arguments") if key in state}
        self._look(fields, where)
        body = f"    return json.dumps(asl_data.enter({_python(fields)}, json.loads(state)))"
        return self._add(f"{name}_input", where, body, {})

    def joining(self, name: str, state: dict[str, Any], where: str) -> str:
        body = f"    return asl_data.collect({self._checked(state, where)}, state, results)"
        return self._add(f"{name}_joined", where, body, {}, inputs=[("results", "List[String]")])

    def catcher(self, name: str, catcher: dict[str, Any], where: str) -> str:
        body = f"    return asl_data.caught({catcher.get('ResultPath', '$')!r}, state, error)"
        return self._add(f"{name}_error", f"{where}: Catch", body, {}, inputs=[("error", "String")])

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
        elif sdk:
            work = f"lambda given: request({sdk[1]!r}, {sdk[2][0].upper() + sdk[2][1:]!r}, given)"
        else:
            note = self.gaps.of(f"{where}: Resource", shown(resource), "only functions and plain requests are carried "
                                "over, nothing that is waited for", f"write it in {self.file}")  # fmt: skip
            function = self._names.take(f"{name}_work")
            self._functions.append(
                f"\n\ndef {function}(given):\n    # {_line(note)}\n    raise NotImplementedError({note!r})\n"
            )
            return self._add(
                name, where, f"    return asl_data.through({self._checked(state, where)}, state, {function})", settings
            )
        settings["packages"] = '["boto3"]'
        body = f"    return asl_data.through({self._checked(state, where)}, state, {work})"
        return self._add(name, where, body, settings)

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

    def _checked(self, state: dict[str, Any], where: str) -> str:
        self._look({key: state[key] for key in _DATA if key in state}, where)
        return _fields(state, {})

    def _look(self, data: Any, where: str) -> None:
        """Report what `asl_data` cannot compute."""
        for text in _texts(data):
            if text.startswith("{%") and not understood(text):
                self.gaps.of(where, f"the JSONata {shown(text)}", "only paths and comparisons with constants are carried "
                             "over", f"compute it in {self.file}")  # fmt: skip
            called = re.match(r"States\.(\w+)\(", text)
            if called and called[1] not in FUNCTIONS:
                self.gaps.of(where, shown(text), f"only {', '.join(FUNCTIONS)} are carried over",
                             f"compute it in {self.file}")  # fmt: skip


def _fields(state: dict[str, Any], more: dict[str, Any]) -> str:
    return _python({**{key: state[key] for key in _DATA if key in state}, **more})


def _python(value: Any, indent: int = 0) -> str:
    return pprint.pformat(value, width=100, sort_dicts=False).replace("\n", "\n" + " " * indent)


def _texts(data: Any) -> list[str]:
    if isinstance(data, dict):
        return [text for each in data.values() for text in _texts(each)]
    if isinstance(data, list):
        return [text for each in data for text in _texts(each)]
    return [data] if isinstance(data, str) else []


def _line(note: str) -> str:
    return " ".join(note.split())
