"""Names in plan expressions: replaced by other expressions, renamed, counted. `evaluate` tells the forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Expr = dict[str, Any]


def substituted(expr: Expr, by_name: Mapping[str, Expr]) -> Expr:
    """The expression with these expressions in place of the names.

    What is put in must not use names that the expression binds itself; in EDSL no name hides another.
    """
    ((form, body),) = expr.items()
    match form:
        case "var":
            return by_name.get(body, expr)
        case "comp":
            inner = {name: each for name, each in by_name.items() if name != body["var"]}
            return _comprehension(body, body["var"], lambda each: substituted(each, by_name), lambda each: substituted(each, inner))  # fmt: skip
        case _:
            return _rebuilt(form, body, lambda each: substituted(each, by_name))


def renamed(expr: Expr, names: Mapping[str, str], bound: Callable[[str], str]) -> Expr:
    """The expression with other names: `names` for those that come from outside, `bound` for those it binds itself."""
    ((form, body),) = expr.items()
    match form:
        case "var":
            return {form: names.get(body, body)}
        case "comp":
            new = bound(body["var"])
            inner = {**names, body["var"]: new}
            return _comprehension(body, new, lambda each: renamed(each, names, bound), lambda each: renamed(each, inner, bound))  # fmt: skip
        case _:
            return _rebuilt(form, body, lambda each: renamed(each, names, bound))


def count(expr: Expr, name: str) -> int:
    """How often an expression reads a name; what a comprehension does for each element counts twice."""
    found = 0

    def look(each: Expr) -> Expr:
        nonlocal found
        ((form, body),) = each.items()
        if form == "var":
            found += body == name
        elif form == "comp":
            found += count(body["in"], name) + 2 * sum(count(body[key], name) for key in ("of", "if") if key in body)
        else:
            _rebuilt(form, body, look)
        return each

    look(expr)
    return found


def _comprehension(body: Mapping[str, Any], name: str, outside: Callable[[Expr], Expr], inside: Callable[[Expr], Expr]) -> Expr:  # fmt: skip
    parts = {key: inside(body[key]) for key in ("of", "if") if key in body}
    return {"comp": {"var": name, "in": outside(body["in"]), **parts}}


def _rebuilt(form: str, body: Any, change: Callable[[Expr], Expr]) -> Expr:
    """An expression of any form but those that name or bind, with each part changed."""
    match form:
        case "lit":
            return {form: body}
        case "record":
            return {form: {name: change(each) for name, each in body.items()}}
        case "call":
            name, args, options = body
            return {form: [name, [change(each) for each in args], {key: change(each) for key, each in options.items()}]}
    if isinstance(body, list):
        # Names of fields and types stand among the operands.
        return {form: [change(each) if isinstance(each, dict) else each for each in body]}
    return {form: change(body)}
