"""Tasks: Python functions, shell bodies and containers, called in a pipeline to make steps."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.python.expressions import TraceError
from econda_edsl.python.hints import hints_of
from econda_edsl.python.settings import Needs, setting
from econda_edsl.python.steps import step
from econda_edsl.python.trace import Trace, tracing
from econda_edsl.words import prelude
from econda_edsl.writing.literals import text_literal, value_literal
from econda_edsl.writing.program import Container, Entry, Inline, Input, TaskText


class Task:
    """A task. Called in a pipeline it makes a step; called anywhere else it runs its function."""

    def __init__(
        self,
        name: str,
        *,
        function: Callable[..., Any] | None = None,
        body: Inline | Container | None = None,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any],
        doc: str = "",
    ) -> None:
        self.name, self.function, self.body, self.doc = name, function, body, doc
        self._inputs, self._outputs, self._settings = inputs, outputs, settings
        if function is not None:
            functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **named: Any) -> Any:
        trace = tracing()
        if trace is not None:
            declared = self.declared(trace)
            return step(trace, "task", declared.name, declared.inputs, declared.outputs, args, named, prelude.STEP)
        if self.function is None:
            raise TraceError(f"the task `{self.name}` is no Python function; it runs only in a pipeline")
        return self.function(*args, **named)

    def declared(self, trace: Trace) -> TaskText:
        """The declaration, made when a pipeline first calls the task."""
        if id(self) in trace.tasks:
            return trace.tasks[id(self)]
        where = f"the task `{self.name}`"
        records = trace.records
        if self._inputs is not None:
            inputs = [Input(name, records.type_of(hint, f"`{name}` of {where}")) for name, hint in self._inputs.items()]
        else:
            inputs = records.inputs(self.function, where)
        if self._outputs is not None:
            outputs = {name: records.type_of(hint, f"`{name}` of {where}") for name, hint in self._outputs.items()}
        else:
            outputs = records.outputs(hints_of(self.function, where).get("return"), where)
        kinds = {f.name: f.type for f in inputs}
        settings = dict(self._settings)
        needs: Needs = settings.pop("needs", None) or Needs()
        text = TaskText(
            trace.task_names.keep(self.name, "task"),
            self.body or self._entry(trace.root),
            inputs,
            list(outputs.items()),
            doc=self.doc,
            needs=needs.written(kinds),
            where=list(needs.where),
            settings={name: _task_setting(name, each, kinds) for name, each in settings.items() if each is not None},
        )
        trace.tasks[id(self)] = text
        return text

    def _entry(self, root: str) -> Entry:
        assert self.function is not None
        function = inspect.unwrap(self.function)
        file = inspect.getsourcefile(function)
        if file is None or "." in function.__qualname__ or function.__name__ == "<lambda>":
            raise TraceError(
                f"the function of the task `{self.name}` is not at the margin of a file; "
                "workers import it by its name, so define it there"
            )
        path = os.path.relpath(os.path.realpath(file), os.path.realpath(root)).replace(os.sep, "/")
        if path.startswith("../"):
            raise TraceError(
                f"{file} with the task `{self.name}` lies outside {root}; move it beside the pipeline's file"
            )
        return Entry("python", f"{path}:{function.__name__}")


def task(function: Callable[..., Any] | None = None, /, **settings: Any) -> Any:
    """Make a task of a function, as a decorator or around a function of a file that knows nothing of econda.

    Settings: `needs`, `retry`, `timeout`, `checkpoint`, `packages`, `image`, `env`, `cache`, `version`; `name`; and
    `inputs`, `outputs` (name → type) for functions without hints. Raises `TraceError` for others.
    """
    if function is None:
        return lambda given: task(given, **settings)
    name = settings.pop("name", None) or function.__name__
    inputs, outputs = settings.pop("inputs", None), settings.pop("outputs", None)
    return Task(
        name,
        function=function,
        inputs=inputs,
        outputs=outputs,
        settings=_checked(settings, name),
        doc=inspect.getdoc(function) or "",
    )


def shell(name: str, body: str, *, inputs: Mapping[str, Any] | None = None, outputs: Mapping[str, Any] | None = None, **settings: Any) -> Task:  # fmt: skip
    """A task of shell code, which sees `$name` per input and writes `$OUT/name` per output."""
    return Task(name, body=Inline("shell", body), inputs=inputs or {}, outputs=outputs or {},
                doc=settings.pop("doc", ""), settings=_checked(settings, name))  # fmt: skip


def container(name: str, image: str, *, args: Sequence[str] = (), inputs: Mapping[str, Any] | None = None, outputs: Mapping[str, Any] | None = None, **settings: Any) -> Task:  # fmt: skip
    """A task that runs an image; `args` are expressions of EDSL, one per argument."""
    return Task(name, body=Container(image, list(args)), inputs=inputs or {}, outputs=outputs or {},
                doc=settings.pop("doc", ""), settings=_checked(settings, name))  # fmt: skip


def _checked(settings: dict[str, Any], name: str) -> dict[str, Any]:
    allowed = ["needs", *(each for each in prelude.TASK if each != "args")]
    for each in settings:
        if each not in allowed:
            help_ = did_you_mean(each, allowed) or f"it is one of {', '.join(allowed)}"
            raise TraceError(f"the task `{name}` has no setting `{each}`; {help_}")
    return settings


def _task_setting(name: str, value: Any, inputs: Mapping[str, str]) -> str:
    match name, value:
        case ("packages", list() | tuple()):
            return value_literal(list(value))
        case ("image" | "version", str()):
            return text_literal(value)
        case _:
            return setting(name, value, inputs)
