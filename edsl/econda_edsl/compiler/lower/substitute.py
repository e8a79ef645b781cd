"""Names in plan expressions replaced by other expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Expr = dict[str, Any]


def substituted(expr: Expr, by_name: Mapping[str, Expr]) -> Expr:
    """The expression with these expressions in place of the names. `evaluate` tells the forms.

    What is put in must not use names that the expression binds itself; in EDSL no name hides another.
    """
    ((form, body),) = expr.items()
    match form:
        case "lit":
            return expr
        case "var":
            return by_name.get(body, expr)
        case "record":
            return {form: {name: substituted(each, by_name) for name, each in body.items()}}
        case "comp":
            inner = {name: each for name, each in by_name.items() if name != body["var"]}
            parts = {
                key: substituted(body[key], by_name if key == "in" else inner)
                for key in ("in", "of", "if")
                if key in body
            }
            return {form: {"var": body["var"], **parts}}
        case "call":
            name, args, options = body
            replaced = {key: substituted(each, by_name) for key, each in options.items()}
            return {form: [name, [substituted(each, by_name) for each in args], replaced]}
    if isinstance(body, list):
        # Names of fields and types stand among the operands.
        return {form: [substituted(each, by_name) if isinstance(each, dict) else each for each in body]}
    return {form: substituted(body, by_name)}
