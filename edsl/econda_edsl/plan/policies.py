"""Policies applied: which guards exclude an offer and what its objectives come to. The compiler and the broker share it.

Guards fail closed: one that cannot be evaluated excludes. The order of rules does not matter, and more rules never
let more offers through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from econda_edsl.evaluate import EvaluationError, evaluate
from econda_edsl.evaluate.partial import partial
from econda_edsl.plan.model import Objective, Policy, Rule

Facts = Mapping[str, Mapping[str, Any]]

UNBOUNDED = 2**62
"""What stands for a budget, slack or amount that has no limit: the greatest a policy can reckon with."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`refused` names every guard that excludes the offer; with none, `score` orders offers, the least first."""

    refused: tuple[str, ...]
    score: tuple[float, ...] = ()


def decide(policy: Policy, facts: Facts) -> Decision:
    """Judge one offer; `facts` has all attributes of all entities of `prelude.POLICY_ENTITIES`."""
    silent = set(_out_of_scope(policy.rules, facts))
    refused = [reason for rule in policy.rules if rule.policy not in silent and (reason := _excluded(rule, facts))]
    score: list[float] = []
    for objective in policy.objectives:
        if objective.policy in silent:
            continue
        try:
            score.append(_score(objective, facts))
        except EvaluationError as error:
            refused.append(f"`{objective.policy}` cannot rate it: {error}")
    return Decision(tuple(refused), tuple(score))


def foresee(policy: Policy, known: Facts) -> tuple[str, ...]:
    """The guards that exclude an offer whatever the attributes are that `known` does not give."""
    silent = set(_never_in_scope(policy.rules, known))
    sure = set(_surely_in_scope(policy.rules, known))
    return tuple(
        reason
        for rule in policy.rules
        if rule.policy not in silent and rule.policy in sure and (reason := _surely_excluded(rule, known))
    )


def priority(policy: Policy, facts: Facts) -> int:
    """The priority of a run under its policy; 0 when the policy gives none or it cannot be evaluated."""
    if policy.priority is None:
        return 0
    try:
        return int(evaluate(policy.priority, facts))
    except (EvaluationError, TypeError):
        return 0


def changes_with_time(policy: Policy) -> bool:
    """Whether what a policy says of an offer may change by waiting alone."""
    exprs = [rule.expr for rule in policy.rules] + [objective.expr for objective in policy.objectives]
    return any(_looks_at_time(expr) for expr in exprs)


def _looks_at_time(expr: Any) -> bool:
    if isinstance(expr, Mapping):
        if "get" in expr and isinstance(expr["get"][0], Mapping):
            entity, name = expr["get"][0].get("var"), expr["get"][1]
            if entity == "queue" or (entity, name) == ("pipeline", "slack"):
                return True
        return "lit" not in expr and any(_looks_at_time(part) for part in expr.values())
    return isinstance(expr, list | tuple) and any(_looks_at_time(part) for part in expr)


def _out_of_scope(rules: Iterable[Rule], facts: Facts) -> Iterator[str]:
    """Policies whose scope does not hold. One that cannot be evaluated holds: its guards stay in force."""
    for rule in rules:
        if rule.kind == "scope":
            try:
                if evaluate(rule.expr, facts) is False:
                    yield rule.policy
            except EvaluationError:
                continue


def _excluded(rule: Rule, facts: Facts) -> str:
    if rule.kind == "scope":
        return ""
    try:
        held = evaluate(rule.expr, facts)
    except EvaluationError as error:
        return f"`{rule.policy}` cannot be evaluated: {error}"
    return "" if held is (rule.kind == "require") else _because(rule)


def _because(rule: Rule) -> str:
    verb = "forbids it" if rule.kind == "forbid" else "requires what it has not"
    return f"`{rule.policy}` {verb}" + (f": {rule.because}" if rule.because else "")


def _score(objective: Objective, facts: Facts) -> float:
    value = evaluate(objective.expr, facts)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EvaluationError("an objective is a number")
    return -value if objective.maximize else value


def _never_in_scope(rules: Iterable[Rule], known: Facts) -> Iterator[str]:
    for rule in rules:
        if rule.kind == "scope" and _reduced(rule, known) is False:
            yield rule.policy


def _surely_in_scope(rules: Iterable[Rule], known: Facts) -> Iterator[str]:
    rules = list(rules)
    unsure = {rule.policy for rule in rules if rule.kind == "scope" and _reduced(rule, known) in (None, False)}
    yield from {rule.policy for rule in rules} - unsure


def _surely_excluded(rule: Rule, known: Facts) -> str:
    if rule.kind == "scope":
        return ""
    held = _reduced(rule, known)
    if isinstance(held, str):
        return f"`{rule.policy}` cannot be evaluated: {held}"
    return _because(rule) if held is (rule.kind == "forbid") else ""


def _reduced(rule: Rule, known: Facts) -> bool | str | None:
    """What a guard comes to: True, False, why it fails, or None while it depends on what is not known."""
    try:
        left = partial(rule.expr, known)
    except EvaluationError as error:
        return str(error)
    return left.get("lit")
