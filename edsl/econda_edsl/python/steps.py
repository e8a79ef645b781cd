"""Steps: what the call of a task or of a pipeline becomes in the pipeline that is traced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.python.expressions import Expr, TraceError, expression
from econda_edsl.python.settings import step_settings
from econda_edsl.python.trace import Trace, assigned_name
from econda_edsl.writing.program import Bind, Input


class StepResult(Expr):
    """The outputs of a step. `with_` sets its own needs and limits, `after` orders it behind others."""

    __slots__ = ("_allowed", "_bind")

    def __init__(self, bind: Bind, outputs: Mapping[str, str], allowed: Sequence[str]) -> None:
        super().__init__(bind.name or "", fields=outputs)
        self._bind, self._allowed = bind, allowed

    def with_(self, **settings: Any) -> StepResult:
        """Settings of this step: `fit(x).with_(memory="64GiB")`; of a pipeline its share, `clean(x).with_(budget="$5")`."""
        self._bind.settings |= step_settings(settings, self._allowed, "a step")
        return self

    def after(self, *others: Expr) -> StepResult:
        """Start behind other steps although no value comes from them."""
        for each in others:
            if not isinstance(each, Expr) or not each._text.isidentifier():
                raise TraceError(f"`after` takes steps, {each!r} is none")
            self._bind.after.append(each._text)
        return self


def step(
    trace: Trace,
    what: str,
    name: str,
    inputs: Sequence[Input],
    outputs: Sequence[tuple[str, str]],
    args: Sequence[Any],
    named: Mapping[str, Any],
    allowed: Sequence[str],
) -> StepResult:
    """The step that a call makes. `what` is called, in a word; `allowed` are the settings that the step may have.

    Raises `TraceError` for arguments that it does not take.
    """
    kinds = {f.name: f.type for f in inputs}
    if len(args) > len(kinds):
        raise TraceError(f"`{name}` takes {len(kinds)} inputs, {len(args)} are given")
    for each in named:
        if each not in kinds:
            help_ = did_you_mean(each, kinds) or f"it has {', '.join(kinds) or 'none'}"
            raise TraceError(f"the {what} `{name}` has no input `{each}`; {help_}")
    written = [expression(value, kind) for value, kind in zip(args, kinds.values())]
    written += [f"{each} = {expression(value, kinds[each])}" for each, value in named.items()]
    bind = Bind(f"{name}({', '.join(written)})", trace.names.keep(assigned_name() or name))
    trace.add(bind)
    return StepResult(bind, dict(outputs), allowed)
