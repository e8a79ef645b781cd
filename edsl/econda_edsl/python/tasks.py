"""Tasks: Python functions, shell bodies and containers, called in a pipeline to make steps."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.python.expressions import Expr, TraceError, expression
from econda_edsl.python.hints import hints_of
from econda_edsl.python.settings import Needs, setting, step_settings
from econda_edsl.python.trace import Trace, assigned_name, tracing
from econda_edsl.words import prelude
from econda_edsl.writing.literals import text_literal, value_literal
from econda_edsl.writing.program import Bind, Container, Entry, Inline, Input, TaskText


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
            return self._step(trace, args, named)
        if self.function is None:
            raise TraceError(f"the task `{self.name}` is no Python function; it runs only in a pipeline")
        return self.function(*args, **named)

    def _step(self, trace: Trace, args: tuple[Any, ...], named: dict[str, Any]) -> StepResult:
        declared = self.declared(trace)
        kinds = {f.name: f.type for f in declared.inputs}
        if len(args) > len(kinds):
            raise TraceError(f"`{self.name}` takes {len(kinds)} inputs, {len(args)} are given")
        for each in named:
            if each not in kinds:
                help_ = did_you_mean(each, kinds) or f"it has {', '.join(kinds) or 'none'}"
                raise TraceError(f"the task `{self.name}` has no input `{each}`; {help_}")
        written = [expression(value, kind) for value, kind in zip(args, kinds.values())]
        written += [f"{each} = {expression(value, kinds[each])}" for each, value in named.items()]
        name = trace.names.keep(assigned_name() or declared.name)
        bind = Bind(f"{declared.name}({', '.join(written)})", name)
        trace.add(bind)
        return StepResult(bind, dict(declared.outputs))

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


class StepResult(Expr):
    """The outputs of a step. `with_` sets its own needs and limits, `after` orders it behind others."""

    __slots__ = ("_bind",)

    def __init__(self, bind: Bind, outputs: Mapping[str, str]) -> None:
        super().__init__(bind.name or "", fields=outputs)
        self._bind = bind

    def with_(self, **settings: Any) -> StepResult:
        """Settings that replace the task's: `fit(x).with_(memory="64GiB")`."""
        self._bind.settings |= step_settings(settings, prelude.STEP, "a step")
        return self

    def after(self, *others: Expr) -> StepResult:
        """Start behind other steps although no value comes from them."""
        for each in others:
            if not isinstance(each, Expr) or not each._text.isidentifier():
                raise TraceError(f"`after` takes steps, {each!r} is none")
            self._bind.after.append(each._text)
        return self


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
