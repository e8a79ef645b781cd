"""Partial evaluation: what a plan expression comes to when only some of the names have values.

The result is an expression again. What it gives for any completion of the scope is what the whole expression gives
there; `{"lit": …}` means that the unknown does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from econda_edsl.evaluate.evaluator import EvaluationError, evaluate

Expr = Mapping[str, Any]

_SAFE = frozenset({"lit", "var", "get", "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not"})
"""Forms over attributes that always exist: they cannot fail, so one of them may be dropped beside a `false`."""

_NAMED = frozenset({"get", "opt_get", "named", "opt_named"})
"""Forms whose second part is a name, not an expression."""


def partial(expr: Expr, scope: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Reduce an expression over entities, of which `scope` gives the attributes that are known.

    Raises `EvaluationError` when what is known already fails, whatever the rest is.
    """
    ((form, body),) = expr.items()
    if form in ("lit", "var"):
        return {form: body}
    if form == "get" and "var" in body[0]:
        known = scope.get(body[0]["var"], {})
        return {"lit": known[body[1]]} if body[1] in known else {form: list(body)}
    if form in ("and", "or"):
        return _logic(form, partial(body[0], scope), body[1], scope)
    if form in ("cond", "coalesce"):
        return _choice(form, body, scope)
    if form == "comp":
        return _comprehension(body, scope)
    return _folded({form: _parts(form, body, scope)})


def _parts(form: str, body: Any, scope: Mapping[str, Mapping[str, Any]]) -> Any:
    if form in _NAMED:
        return [partial(body[0], scope), body[1]]
    if form == "show":
        return [partial(body[0], scope), body[1]]
    if form == "call":
        options = {k: partial(v, scope) for k, v in (body[2] if len(body) > 2 else {}).items()}
        return [body[0], [partial(a, scope) for a in body[1]], options]
    if form == "record":
        return {name: partial(value, scope) for name, value in body.items()}
    if isinstance(body, list | tuple):
        return [partial(part, scope) for part in body]
    return partial(body, scope)


def _folded(expr: dict[str, Any]) -> dict[str, Any]:
    """The value when nothing unknown is left in an expression."""
    return {"lit": evaluate(expr, {})} if not _open(expr) else expr


def _open(expr: Any) -> bool:
    if isinstance(expr, Mapping):
        if "lit" in expr and len(expr) == 1:
            return False
        return "var" in expr or any(_open(part) for part in expr.values())
    return isinstance(expr, list | tuple) and any(_open(part) for part in expr)


def _logic(form: str, left: dict[str, Any], right_: Expr, scope: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    decisive = form == "or"
    if "lit" in left:
        # Short circuit, as the evaluator does it: what follows is not looked at.
        return left if left["lit"] is decisive else partial(right_, scope)
    try:
        right = partial(right_, scope)
    except EvaluationError:
        return {form: [left, right_]}
    if right.get("lit") is decisive and _cannot_fail(left):
        return right
    if right.get("lit") is (not decisive):
        return left
    return {form: [left, right]}


def _choice(form: str, body: Any, scope: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    first = partial(body[0], scope)
    if "lit" in first:
        if form == "coalesce":
            return partial(body[1], scope) if first["lit"] is None else first
        if first["lit"] is None:
            raise EvaluationError("a missing value reached a condition")
        return partial(body[1] if first["lit"] else body[2], scope)
    return {form: [first, *(_quiet(part, scope) for part in body[1:])]}


def _quiet(expr: Expr, scope: Mapping[str, Mapping[str, Any]]) -> Expr:
    """A part that may never be reached: what fails in it fails when it is."""
    try:
        return partial(expr, scope)
    except EvaluationError:
        return expr


def _comprehension(body: Mapping[str, Any], scope: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    inner = {name: known for name, known in scope.items() if name != body["var"]}
    reduced = {key: value if key == "var" else _quiet(value, inner) for key, value in body.items()}
    reduced["in"] = partial(body["in"], scope)
    try:
        return {"lit": evaluate({"comp": reduced}, {})}
    except EvaluationError:
        return {"comp": reduced}


def _cannot_fail(expr: Any) -> bool:
    """Whether an open expression has a value for every completion of the scope."""
    ((form, body),) = expr.items()
    if form in ("lit", "var"):
        return True
    if form not in _SAFE:
        return False
    parts = body[:1] if form in _NAMED else body if isinstance(body, list | tuple) else [body]
    if form in ("lt", "le", "gt", "ge") and any(part.get("lit", 0) is None for part in parts):
        return False
    return all(_cannot_fail(part) for part in parts)
