"""Blocks as functions: `@foreach(…)` over a list, `@when(…)` with `.otherwise`, `@repeat(…)`, and what ends a run."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from econda_edsl.python import trace as t
from econda_edsl.python.expressions import Expr, TraceError, expression
from econda_edsl.python.settings import step_settings
from econda_edsl.words import prelude
from econda_edsl.writing import program as w


def foreach(*lists: Any, up_to: Any = None, **settings: Any) -> Callable[[Callable[..., Any]], Any]:
    """Run a function once per element; its parameters are the elements, what it returns is gathered.

    The function's name becomes the step: `.done`, `.failed`, `.all`. `up_to` bounds lists whose length is known only in
    a run. Settings: `parallel`, `batch`, `tolerate`. A function that returns nothing leaves no step behind, but None.
    """

    def make(body: Callable[..., Any]) -> Expr | None:
        trace = t.current("foreach")
        variables = list(inspect.signature(body).parameters)
        if len(variables) != len(lists):
            raise TraceError(f"foreach over {len(lists)} lists needs a function of as many parameters, not {variables}")
        name: str | None = trace.names.keep(body.__name__, "each")
        taken = [trace.names.keep(each) for each in variables]
        with trace.block() as steps:
            gathered = body(*map(Expr, taken))
        if gathered is None:
            name = None
        step = w.Foreach(
            list(zip(taken, map(expression, lists))),
            steps,
            name,
            None if gathered is None else expression(gathered),
            None if up_to is None else expression(up_to),
            step_settings(settings, prelude.FOREACH, "foreach"),
        )
        trace.add(step)
        return None if name is None else Expr(name)

    return make


class Branches:
    """The branches of a `when`. Its attributes are the names that every branch returns."""

    def __init__(self, test: Any, body: Callable[[], Any], trace: t.Trace) -> None:
        self._trace, self._arms, self._names = trace, [], {}
        self._shown = body.__name__
        trace.add(w.When(self._arms))
        self._arm(test, body)

    def otherwise(self, body: Callable[[], Any]) -> Branches:
        """The branch for when no test holds."""
        if self._arms[-1][0] is None:
            raise TraceError(f"`{self._shown}` has its `otherwise` already")
        self._arm(None, body)
        return self

    def when(self, test: Any) -> Callable[[Callable[[], Any]], Branches]:
        """One more branch, tried if those before do not hold."""

        def make(body: Callable[[], Any]) -> Branches:
            self._arm(test, body)
            return self

        return make

    def __getattr__(self, name: str) -> Expr:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._arms[-1][0] is not None:
            raise TraceError(
                f"`{self._shown}.{name}` is read, but there is no `@{self._shown}.otherwise`; write it first"
            )
        if name not in self._names:
            given = ", ".join(self._names) or "nothing"
            raise TraceError(f"`{self._shown}` has no `{name}`; its branches return {given}")
        return Expr(self._names[name])

    def __bool__(self) -> bool:
        raise TraceError(f"`{self._shown}` is a branch of a run and not true or false; read the names it returns")

    def _arm(self, test: Any, body: Callable[[], Any]) -> None:
        with self._trace.block() as steps:
            returned = body()
            failed = bool(steps) and isinstance(steps[-1], w.Fail)
            found = returned if isinstance(returned, Mapping) else {}
            if returned is not None and not isinstance(returned, Mapping):
                raise TraceError(f"a branch of `{self._shown}` returns {returned!r}; return a dict of names and values")
            if not self._arms:
                self._names = {name: self._free(name, value) for name, value in found.items()}
            elif not failed and set(found) != set(self._names):
                odd = min(set(found) ^ set(self._names))
                raise TraceError(
                    f"`{odd}` is returned by some branches of `{self._shown}` and not by others; return it in all"
                )
            for name, value in found.items():
                if expression(value) != self._names[name]:
                    self._trace.add(w.Bind(expression(value), self._names[name]))
        self._arms.append((None if test is None else expression(test), steps))

    def _free(self, name: str, value: Any) -> str:
        # A step of the branch that has the very name needs no second one.
        return name if isinstance(value, Expr) and expression(value) == name else self._trace.names.keep(name)


def when(test: Any) -> Callable[[Callable[[], Any]], Branches]:
    """A branch as a function that returns the names that leave it: `{"decision": …}`, in every branch the same."""
    return lambda body: Branches(test, body, t.current("when"))


class Until:
    """What a round of `repeat` returns."""

    def __init__(self, test: Any, values: Mapping[str, Any]) -> None:
        self.test, self.values = test, values


def until(test: Any, **values: Any) -> Until:
    """End a `repeat` once the test holds; `values` are the carried names of the next round."""
    return Until(test, values)


def repeat(*, up_to: Any, fail: Any = None, **start: Any) -> Callable[[Callable[..., Any]], Any]:
    """Repeat a function of the carried names, at most `up_to` rounds; it returns `until(test, name=next, …)`.

    `start` gives the first values. Types come from the function's hints, or from the values. With `fail`, a message,
    running out of rounds fails the run.
    """

    def make(body: Callable[..., Any]) -> Any:
        trace = t.current("repeat")
        inputs = trace.records.inputs(body, f"`{body.__name__}`")
        if {f.name for f in inputs} != set(start):
            raise TraceError(
                f"`{body.__name__}` carries {[f.name for f in inputs]}, its start values are {list(start)}"
            )
        taken = {f.name: trace.names.keep(f.name) for f in inputs}
        with trace.block() as steps:
            returned = body(**{f.name: Expr(taken[f.name], type=f.type) for f in inputs})
        if not isinstance(returned, Until) or set(returned.values) != set(start):
            raise TraceError(
                f"`{body.__name__}` must return until(test, …) with a next value for each of {list(start)}"
            )
        carries = [(taken[f.name], f.type, expression(start[f.name], f.type)) for f in inputs]
        nexts = {taken[f.name]: expression(returned.values[f.name], f.type) for f in inputs}
        test = expression(returned.test)
        if any(re.search(rf"\b{re.escape(name)}\b", test) for name in taken.values()):
            # Here a name is what it was when the round began; in the language `until` sees what `next` has said.
            known = trace.names.keep("done")
            steps.append(w.Bind(test, known))
            test = known
        step = w.Repeat(expression(up_to), carries, steps, nexts, test,
                        None if fail is None else expression(fail))  # fmt: skip
        trace.add(step)
        return _Carried(body.__name__, taken)

    return make


class _Carried:
    """The carried names after the last round."""

    def __init__(self, shown: str, names: dict[str, str]) -> None:
        self._shown, self._names = shown, names

    def __getattr__(self, name: str) -> Expr:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._names:
            raise TraceError(f"`{self._shown}` carries {', '.join(self._names)}, not `{name}`")
        return Expr(self._names[name])


def check(test: Any, message: Any = None) -> None:
    """End the run with an error unless the test holds."""
    t.current("check").add(w.Assert(expression(test), None if message is None else expression(message)))


def fail(message: Any) -> None:
    """End the run with an error."""
    t.current("fail").add(w.Fail(expression(message)))
