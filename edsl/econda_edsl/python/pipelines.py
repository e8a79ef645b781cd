"""Pipelines: functions that are traced to EDSL text."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from typing import Any

from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.python.expressions import Expr, TraceError, expression
from econda_edsl.python.hints import hints_of
from econda_edsl.python.settings import setting
from econda_edsl.python.steps import step
from econda_edsl.python.trace import Trace, traced, tracing
from econda_edsl.words import prelude
from econda_edsl.writing.program import PipelineText, Program


class Pipeline:
    """A pipeline. `.edsl()` gives its text; called in another one it makes a step. Nothing of it runs in Python."""

    def __init__(self, function: Callable[..., Any], name: str, settings: Mapping[str, Any]) -> None:
        self.function, self.name, self._settings = function, name, settings
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **named: Any) -> Any:
        trace = tracing()
        if trace is None:
            raise TraceError(f"the pipeline `{self.name}` cannot be called; write its text with .edsl() or `econda emit`, "
                             "and run that")  # fmt: skip
        text = self._declared(trace)
        return step(trace, "pipeline", text.name, text.inputs, text.outputs, args, named, prelude.CALLED)

    def _declared(self, around: Trace) -> PipelineText:
        """The declaration, made when another pipeline first calls this one."""
        if id(self) not in around.pipelines:
            if id(self) in around.open:
                raise TraceError(f"the pipeline `{self.name}` calls itself, directly or through others; use `repeat`")
            trace = around.inside()
            trace.open.append(id(self))
            around.pipelines[id(self)] = self._text(trace, around.task_names.keep(self.name, "pipeline"))
            trace.open.pop()
        return around.pipelines[id(self)]

    @property
    def folder(self) -> str:
        """Where the pipeline's file lies; its tasks' files lie there or below."""
        file = inspect.getsourcefile(self.function)
        return os.path.dirname(os.path.abspath(file)) if file else os.getcwd()

    def edsl(self) -> str:
        """The text, as `econda fmt` leaves it. Raises `TraceError` for what cannot be traced."""
        from econda_edsl.writing.source import source_text

        return source_text(self.program())

    def program(self) -> Program:
        """The traced program before it is text. Raises `TraceError`."""
        trace = Trace(self.folder)
        trace.open.append(id(self))
        text = self._text(trace, trace.task_names.keep(self.name, "pipeline"))
        return Program(
            [*trace.pipelines.values(), text], list(trace.tasks.values()), list(trace.records.found.values())
        )

    def _text(self, trace: Trace, name: str) -> PipelineText:
        where = f"the pipeline `{self.name}`"
        inputs = trace.records.inputs(self.function, where)
        for each in inputs:
            if trace.names.keep(each.name) != each.name:
                raise TraceError(f"`{each.name}` cannot be the name of an input of {where}; EDSL names are snake_case and "
                                 "no words of the language")  # fmt: skip
        outputs = trace.records.outputs(hints_of(self.function, where).get("return"), where)
        with traced(trace):
            returned = self.function(**{each.name: Expr(each.name, type=each.type) for each in inputs})
            returns = self._returns(returned, outputs)
        settings = {name: setting(name, each) for name, each in self._settings.items() if each is not None}
        return PipelineText(name, trace.blocks[0], inputs, list(outputs.items()), returns, settings,
                            inspect.getdoc(self.function) or "")  # fmt: skip

    def _returns(self, returned: Any, outputs: Mapping[str, str]) -> dict[str, str]:
        if returned is None and not outputs:
            return {}
        if isinstance(returned, tuple) and (fields := getattr(returned, "_fields", None)):
            returned = dict(zip(fields, returned))
        if not isinstance(returned, Mapping):
            returned = {"value": returned} if list(outputs) == ["value"] else {}
        if set(returned) != set(outputs):
            raise TraceError(f"the pipeline `{self.name}` must return {', '.join(outputs) or 'nothing'}, "
                             f"it returns {', '.join(map(str, returned)) or 'something else'}")  # fmt: skip
        return {name: expression(returned[name], kind) for name, kind in outputs.items()}


def pipeline(function: Callable[..., Any] | None = None, /, *, name: str | None = None, **settings: Any) -> Any:
    """Make a pipeline of a function. Settings: `budget`, `deadline`, `tags`, `priority`, `publish`. Raises `TraceError` for others."""
    if function is None:
        return lambda given: pipeline(given, name=name, **settings)
    for each in settings:
        if each not in prelude.PIPELINE:
            help_ = did_you_mean(each, prelude.PIPELINE) or f"it is one of {', '.join(prelude.PIPELINE)}"
            raise TraceError(f"a pipeline has no setting `{each}`; {help_}")
    return Pipeline(function, name or function.__name__, settings)
