"""The types of calls: functions of packages, record constructors, arguments against inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.resolve.tables import Tables
from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types.model import Type
from econda_edsl.diagnostics import Span
from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.words import prelude
from econda_edsl.words.other_languages import setting_help

Scope = Mapping[str, Type]
"""The types of the names that an expression can use."""


class Inferring(Protocol):
    """What the types of calls need of the inference that asks for them."""

    @property
    def tables(self) -> Tables: ...

    @property
    def types(self) -> dict[s.Expr, Type]: ...

    @property
    def made(self) -> list[tuple[s.Record, dict[str, s.Expr]]]: ...

    @property
    def unsound(self) -> set[str]: ...

    def infer(self, expr: s.Expr, scope: Scope) -> Type: ...

    def require(self, expr: s.Expr, wanted: Type, scope: Scope, what: str) -> Type: ...

    def report(
        self, code: str, message: str, span: Span, label: str = "", help: str = "", notes: tuple[str, ...] = ()
    ) -> None: ...


def apply(inference: Inferring, expr: s.Apply, scope: Scope) -> Type:
    match expr.callee:
        case s.Ref(name=name) if name in inference.tables.pure_functions:
            return _pure(inference, expr, name, scope)
        case s.Ref(name=name) if name in inference.tables.functions:
            return _constructed(inference, expr, name, scope)
        case s.TypeRef(name=name) if name in inference.tables.named:
            return _construct(inference, expr, name, scope)
        case _:
            for argument in expr.args:
                if not isinstance(argument.value, s.Selector):
                    inference.infer(argument.value, scope)
            if isinstance(expr.callee, s.Ref) and expr.callee.name in prelude.FILES:
                _misplaced(inference, expr, expr.callee.name)
            return t.UNKNOWN


def _misplaced(inference: Inferring, expr: s.Apply, name: str) -> None:
    """A file of the bundle anywhere but where it travels from."""
    if name in inference.tables.tasks:
        return
    message = f"`{name}` names what lies beside the pipeline, and is the default of a pipeline's input"
    help_ = f"write `pipeline …(data: {'List[File]' if name == 'files' else name.capitalize()} = {name}(…))` and use `data` here"
    inference.report("E0308", message, expr.span, "not here", help_)


def _constructed(inference: Inferring, expr: s.Apply, name: str, scope: Scope) -> Type:
    """A value that a function of a package makes."""
    function = inference.tables.functions[name]
    inputs = inference.tables.inputs(function)
    given = arguments(inference, expr, inputs, scope, name)
    absent = [f.name.text for f in function.inputs if f.name.text not in given and _is_needed(f, inputs[f.name.text])]
    if absent:
        missing(inference, expr, name, absent, inputs)
    return inference.tables.fields[function.outputs[0]]


def _is_needed(f: s.Field, kind: Type) -> bool:
    """Whether a call must give an input or a field: it has no default, and may not be missing."""
    return f.default is None and kind.kind != "optional"


def _pure(inference: Inferring, expr: s.Apply, name: str, scope: Scope) -> Type:
    """What a function gives that `let` has named; nothing is known of one that has an error itself."""
    function = inference.tables.pure_functions[name]
    inputs = inference.tables.inputs(function)
    given = arguments(inference, expr, inputs, scope, name)
    absent = [f.name.text for f in function.inputs if f.name.text not in given and _is_needed(f, inputs[f.name.text])]
    if absent:
        missing(inference, expr, name, absent, inputs)
    return t.UNKNOWN if name in inference.unsound else inference.tables.fields[function]


def _construct(inference: Inferring, expr: s.Apply, name: str, scope: Scope) -> Type:
    wanted = inference.tables.named[name]
    declared = inference.tables.record_syntax.get(name)
    if declared is None:
        help_ = "a record is declared by `type Name:` with a field on each line"
        inference.report("E0206", f"`{name}` is not a record", expr.callee.span, f"this is {wanted.label}", help_)
        return wanted
    given = arguments(inference, expr, dict(wanted.fields), scope, name)
    inference.made.append((declared, given))
    fields = {f.name.text: f for f in declared.fields}
    absent = [k for k, kind in wanted.fields.items() if k not in given and _is_needed(fields[k], kind)]
    if absent:
        missing(inference, expr, name, absent, wanted.fields)
    return wanted


def arguments(
    inference: Inferring, expr: s.Apply, inputs: Mapping[str, Type], scope: Scope, of: str
) -> dict[str, s.Expr]:
    """Match arguments to inputs by position, then by name, and check their types."""
    given: dict[str, s.Expr] = {}
    order = list(inputs)
    for i, argument in enumerate(expr.args):
        if argument.name is None and i >= len(order):
            inference.infer(argument.value, scope)
            plural = "" if len(order) == 1 else "s"
            message = f"`{of}` takes {len(order)} argument{plural}"
            inference.report("E0302", message, argument.value.span, "one too many")
            continue
        name = order[i] if argument.name is None else argument.name.text
        if name not in inputs:
            inference.infer(argument.value, scope)
            help_ = _of_the_step(name) or did_you_mean(name, inputs) or _takes(order)
            span = argument.name.span if argument.name else argument.span
            inference.report("E0302", f"`{of}` has no input `{name}`", span, "not an input", help_)
            continue
        if name in given:
            inference.report("E0302", f"`{name}` is given twice", argument.span, "second value")
        given[name] = argument.value
        _argument(inference, argument.value, inputs[name], scope, f"`{name}` of `{of}`")
    return given


def _takes(inputs: Sequence[str]) -> str:
    return "it takes " + ", ".join(f"`{k}`" for k in inputs[:8]) if inputs else "it takes no inputs"


def _of_the_step(name: str) -> str:
    """A setting among the arguments: it follows the call."""
    if name in prelude.STEP:
        return f"settings of a step follow its call: `x = f(…) with {name} = …`"
    if meant := setting_help(name):
        return f"settings of a step follow its call, `x = f(…) with …`; {meant}"
    return ""


def _argument(inference: Inferring, value: s.Expr, wanted: Type, scope: Scope, what: str) -> None:
    """One argument; interfaces of packages also take columns (`.name`) and types (`Order`)."""
    if isinstance(value, s.Selector) and wanted == t.SELECTOR:
        inference.types[value] = t.SELECTOR
    elif isinstance(value, s.TypeRef) and wanted.inner.kind == "type":
        inference.types[value] = wanted.inner
    elif isinstance(value, s.Items) and wanted.kind == "list" and wanted.element == t.SELECTOR:
        for item in value.items:
            _argument(inference, item, t.SELECTOR, scope, f"an element of {what}")
        inference.types[value] = wanted
    else:
        inference.require(value, wanted, scope, what)


def missing(inference: Inferring, expr: s.Apply, of: str, names: list[str], inputs: Mapping[str, Type]) -> None:
    listed = ", ".join(f"`{n}`" for n in names)
    shown = ", ".join(f"{n} = <{inputs[n].label}>" for n in names)
    inference.report("E0302", f"`{of}` needs {listed}", expr.callee.span, "missing", f"add `{shown}`")
