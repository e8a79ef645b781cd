"""Calls of the prelude's functions: how many arguments, which named ones, and the type that comes of them."""

from __future__ import annotations

from collections.abc import Mapping

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.expressions.calls import Inferring, Scope
from econda_edsl.compiler.expressions.mismatch import of_a_loop
from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types import signatures
from econda_edsl.compiler.types.model import Type
from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.evaluate import EvaluationError
from econda_edsl.words import prelude

_ANY_KEY = frozenset({"unique", "group_by"})
"""Functions whose `by` asks only whether two values are equal, so that a Bool will do."""
_SUPPLY = "supply a default with `??`, or test `!= none` first"
_PATTERNS = frozenset({"matches", "find"})


def function_call(inference: Inferring, expr: s.Apply, name: str, scope: Scope) -> Type:
    """The type of a call, unknown after reporting why it has none."""
    positional = [a.value for a in expr.args if a.name is None]
    options = {a.name.text: a for a in expr.args if a.name is not None}
    _named(inference, name, options)
    if not _counted(inference, expr, name, positional, options):
        return t.UNKNOWN
    found = [inference.infer(value, scope) for value in positional]
    chosen = t.UNKNOWN
    for key, argument in options.items():
        if key == "by":
            chosen = _selected(inference, argument, found[0].element, name)
        elif wanted := prelude.OPTIONS.get(key):
            inference.require(argument.value, t.BUILTIN[wanted], scope, f"`{key}`")
        else:
            inference.infer(argument.value, scope)
    if any(not f.known for f in found):
        return t.UNKNOWN
    signature = "best" if name in ("min", "max") and "by" in options else name
    result = signatures.SIGNATURES[signature](found)
    if isinstance(result, signatures.Wrong):
        arg = positional[result.position]
        given = found[result.position]
        help_ = of_a_loop(given) or result.help or (_SUPPLY if given.kind == "optional" else "")
        if name == "range" and isinstance(arg, s.Binary) and arg.op == "range":
            help_ = "`a..b` is the list already: leave `range` out"
        inference.report("E0301", f"`{name}` takes {result.wanted}", arg.span, f"this is {given.label}", help_)
        return t.UNKNOWN
    _comparable(inference, expr, name, found[0].element, options)
    if name == "format":
        _formatted(inference, found[0].inner, options)
    if name in _PATTERNS:
        _pattern(inference, positional[1])
    return t.list_of(t.record({"key": chosen, "values": found[0]})) if name == "group_by" else result


def _named(inference: Inferring, name: str, options: Mapping[str, s.Argument]) -> None:
    named = prelude.FUNCTIONS[name].named
    for key, argument in options.items():
        if key not in named and argument.name is not None:
            known = f"it has {', '.join(f'`{each}`' for each in sorted(named))}" if named else ""
            help_ = did_you_mean(key, named) or known or f"`{name}` takes its arguments by position"
            inference.report("E0302", f"`{name}` has no argument `{key}`", argument.name.span, "not known", help_)


def _counted(
    inference: Inferring, expr: s.Apply, name: str, positional: list[s.Expr], options: Mapping[str, s.Argument]
) -> bool:
    least, most, named, needed = prelude.FUNCTIONS[name]
    most = 1 if "by" in options and name in ("min", "max") else most
    if len(positional) < least or (most is not None and len(positional) > most):
        wanted = f"{least}" if least == most else f"{least} or more" if most is None else f"{least} to {most}"
        plural = "argument" if wanted == "1" else "arguments"
        selector = next((a for a in positional if isinstance(a, s.Selector)), None)
        help_ = f"name it: `by = .{selector.name}`" if selector is not None and "by" in named else ""
        inference.report("E0302", f"`{name}` takes {wanted} {plural}", expr.span, f"{len(positional)} given", help_)
        return False
    if missing := sorted(needed - options.keys()):
        help_ = f"say by what: `{name}(…, by = .field)`"
        inference.report("E0302", f"`{name}` needs `{missing[0]}`", expr.callee.span, "missing", help_)
        return False
    return True


def _comparable(
    inference: Inferring, expr: s.Apply, name: str, element: Type, options: Mapping[str, s.Argument]
) -> None:
    if "by" in options or not element.known:
        return
    ordered = t.is_ordered(element) or (name == "unique" and element == t.BOOL)
    if name in ("sort", "best", "unique") and not ordered:
        help_ = f"say by what: `{name}(…, by = .field)`"
        message, label = f"{element.label} has no order", "cannot be ordered"
        if name == "unique":
            message, label = f"`unique` does not compare {element.label} as a whole", "not a number, text or time"
        inference.report("E0301", message, expr.span, label, help_)


def _selected(inference: Inferring, argument: s.Argument, element: Type, name: str) -> Type:
    """The type of the field that `by` names."""
    value = argument.value
    if not isinstance(value, s.Selector):
        field = value.name if isinstance(value, s.Ref) else "auc"
        help_ = f"a selector begins with a dot: `by = .{field}`"
        inference.report("E0313", "`by` takes a selector", value.span, "not a selector", help_)
        return t.UNKNOWN
    inference.types[value] = t.UNKNOWN
    if not element.known:
        return t.UNKNOWN
    if element.kind != "record" or value.name not in element.fields:
        help_ = did_you_mean(value.name, element.fields)
        inference.report("E0202", f"{element.label} has no `{value.name}`", value.span, "not a field", help_)
        return t.UNKNOWN
    found = element.fields[value.name]
    if found.known and not t.is_ordered(found) and not (name in _ANY_KEY and found == t.BOOL):
        inference.report(
            "E0301", f"`.{value.name}` is {found.label}, which has no order", value.span, "cannot be ordered"
        )
    return found


def _formatted(inference: Inferring, shown: Type, options: Mapping[str, s.Argument]) -> None:
    """`digits` are of numbers, `as` is of times."""
    digits, pattern = options.get("digits"), options.get("as")
    if digits is not None and not t.is_number(shown):
        message = f"`digits` are of numbers, not of {shown.label}"
        help_ = "divide by a unit first: `duration / 1h`" if shown.label in t.QUANTITIES else ""
        inference.report("E0301", message, digits.span, f"this writes {shown.label}", help_)
    if pattern is None:
        return
    if shown not in (t.DATE, t.INSTANT):
        message = f"`as` is of a Date or Instant, not of {shown.label}"
        inference.report("E0301", message, pattern.span, f"this writes {shown.label}")
    elif isinstance(pattern.value, s.Text) and pattern.value.plain is not None:
        from econda_edsl.evaluate.formats import moment_text

        sample = "2026-01-31" if shown == t.DATE else "2026-01-31T00:00:00Z"
        try:
            moment_text(sample, pattern.value.plain)
        except EvaluationError as error:
            inference.report("E0301", str(error), pattern.value.span, "not a part of a time")


def _pattern(inference: Inferring, pattern: s.Expr) -> None:
    """A pattern that is written out is looked at now, not in the run."""
    if not isinstance(pattern, s.Text) or pattern.plain is None:
        return
    from econda_edsl.evaluate.patterns import BadPattern, compiled

    try:
        compiled(pattern.plain)
    except BadPattern as error:
        help_ = "patterns are those of RE2: without look-around, without references back"
        inference.report("E0301", f"this is no regular expression: {error}", pattern.span, "not a pattern", help_)
