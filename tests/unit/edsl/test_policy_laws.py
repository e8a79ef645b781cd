"""The laws of policies: more rules let no more through, order does not matter, guards fail closed, all is explained.

Policies are random text, so that the same parser, checker and evaluator are at work as for a user's.
"""

from __future__ import annotations

from typing import Any

from econda_edsl.compiler.compile import compile_source
from econda_edsl.evaluate import EvaluationError, evaluate
from econda_edsl.evaluate.partial import partial
from econda_edsl.plan import Policy
from econda_edsl.plan.policies import decide, foresee
from econda_edsl.words import prelude
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

_LABELS = ["eu", "us", "campus", "prod"]
_ATTRIBUTES = {
    "Bool": ["offer.spot", "pool.spot"],
    "Int": ["pool.nodes", "pool.free", "queue.length", "pipeline.priority", "task.gpu"],
    "Duration": ["offer.latency", "queue.wait", "pool.cold_start", "pipeline.slack", "task.time"],
    "Money": ["offer.cost", "pipeline.budget", "pipeline.spent"],
    "Rate": ["offer.price", "pool.price"],
    "Label": ["pool.labels.site", "pool.labels.residency", "pipeline.tags.tier"],
}
_CONSTANTS = {
    "Int": ["0", "1", "5"],
    "Duration": ["0s", "10min", "2h"],
    "Money": ["$0", "$2", "$50"],
    "Rate": ["$0/h", "$1/h", "$8/h"],
}


@st.composite
def quantities(draw: st.DrawFn, kind: str, depth: int = 0) -> str:
    """Text of an expression of a kind; some of them can fail."""
    simple = st.sampled_from(_ATTRIBUTES[kind] + _CONSTANTS[kind])
    if depth > 1 or draw(st.booleans()):
        return draw(simple)
    a, b = draw(quantities(kind, depth + 1)), draw(quantities(kind, depth + 1))
    forms = [f"({a} + {b})", f"({a} - {b})", f"({a} if {draw(conditions(depth + 1))} else {b})", f"min({a}, {b})"]
    if kind == "Money":
        forms.append(f"({draw(quantities('Rate', depth + 1))} * {draw(quantities('Duration', depth + 1))})")
    if kind == "Duration":
        forms.append(f"({draw(quantities('Money', depth + 1))} / {draw(quantities('Rate', depth + 1))})")
    return draw(st.sampled_from(forms))


@st.composite
def conditions(draw: st.DrawFn, depth: int = 0) -> str:
    """Text of a condition."""
    kind = draw(st.sampled_from(list(_ATTRIBUTES)))
    if kind == "Bool":
        found = draw(st.sampled_from(_ATTRIBUTES[kind]))
    elif kind == "Label":
        name, word = draw(st.sampled_from(_ATTRIBUTES[kind])), draw(st.sampled_from(_LABELS))
        found = draw(st.sampled_from([f'{name} == "{word}"', f'{name} != "{word}"', f'{name} in ["{word}", "x"]']))
    else:
        a, b = draw(quantities(kind, depth)), draw(quantities(kind, depth))
        found = f"{a} {draw(st.sampled_from(['<', '<=', '>', '==']))} {b}"
    if depth > 1 or draw(st.booleans()):
        return found
    other = draw(conditions(depth + 1))
    return draw(st.sampled_from([f"({found} and {other})", f"({found} or {other})", f"not ({found})"]))


def _looks(condition: str) -> bool:
    """A rule that looks at nothing is refused."""
    return "." in condition


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    rules = [
        f"    {draw(st.sampled_from(['forbid when', 'require']))} {draw(conditions().filter(_looks))}"
        for _ in range(draw(st.integers(1, 4)))
    ]
    if draw(st.booleans()):
        rules.append(f'    scope pipeline.tags.tier == "{draw(st.sampled_from(_LABELS))}"')
    rules.append(f"    minimize {draw(quantities(draw(st.sampled_from(['Money', 'Duration']))))}")
    text = "\n".join(["edsl 1", "", "policy a:", *rules, "", "pipeline p(n: Int):", "    with:", "        policy = a",
                      "    assert n > 0", ""])  # fmt: skip
    compiled = compile_source(text)
    assert compiled.plan is not None, compiled.render()
    assert compiled.plan.policy is not None
    return compiled.plan.policy


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "String": st.sampled_from(_LABELS),
    "Float": st.floats(0, 64, allow_nan=False),
    "Int": st.integers(0, 8),
    "Bool": st.booleans(),
    "Size": st.integers(0, 2**40),
    "Duration": st.integers(0, 10**8),
    "Duration?": st.none() | st.integers(0, 10**8),
    "Money": st.integers(0, 10**8) | st.just(2**62),
    "Rate": st.integers(0, 10**7),
    "Percent": st.floats(0, 1),
    "Labels": st.dictionaries(st.sampled_from(["site", "residency", "tier"]), st.sampled_from(_LABELS)),
}
FACTS = st.fixed_dictionaries(
    {e: st.fixed_dictionaries({k: _VALUES[v] for k, v in a.items()}) for e, a in prelude.POLICY_ENTITIES.items()}
)


@given(policies(), policies(), FACTS)
@settings(max_examples=80, deadline=None)
def test_monotone_more_rules_let_no_more_offers_through(one: Policy, two: Policy, facts: Any) -> None:
    both = replace(one, rules=one.rules + tuple(replace(rule, policy="b") for rule in two.rules))
    if decide(one, facts).refused:
        assert decide(both, facts).refused


@given(policies(), FACTS, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_commutative_the_order_of_rules_is_irrelevant(policy: Policy, facts: Any, dice: Any) -> None:
    rules = list(policy.rules)
    dice.shuffle(rules)
    other = decide(replace(policy, rules=tuple(rules)), facts)
    assert sorted(other.refused) == sorted(decide(policy, facts).refused)
    assert other.score == decide(policy, facts).score


@given(policies(), FACTS)
@settings(max_examples=80, deadline=None)
def test_fail_closed_and_explained(policy: Policy, facts: Any) -> None:
    """An offer is let through only if every guard in scope could be evaluated and holds; otherwise a rule is named."""
    found = decide(policy, facts)
    assert all("`a`" in reason for reason in found.refused)
    assert found == decide(policy, facts)
    for rule in policy.rules:
        try:
            value = evaluate(rule.expr, facts)
        except EvaluationError:
            assert rule.kind == "scope" or found.refused or _silent(policy, facts)
            continue
        if rule.kind != "scope" and value is not (rule.kind == "require"):
            assert found.refused or _silent(policy, facts)


def _silent(policy: Policy, facts: Any) -> bool:
    return any(rule.kind == "scope" and evaluate(rule.expr, facts) is False for rule in policy.rules)


@st.composite
def _known(draw: st.DrawFn) -> tuple[Any, Any]:
    """Facts, and a part of them."""
    facts = draw(FACTS)
    part = {e: {k: v for k, v in a.items() if draw(st.booleans())} for e, a in facts.items()}
    return facts, part


@given(policies(), _known())
@settings(max_examples=120, deadline=None)
def test_what_is_foreseen_comes_true(policy: Policy, both: tuple[Any, Any]) -> None:
    facts, known = both
    if foresee(policy, known):
        assert decide(policy, facts).refused


@given(policies(), FACTS)
@settings(max_examples=80, deadline=None)
def test_with_everything_known_nothing_is_left_open(policy: Policy, facts: Any) -> None:
    assert bool(foresee(policy, facts)) == any("cannot rate" not in r for r in decide(policy, facts).refused)


@given(policies(), _known())
@settings(max_examples=120, deadline=None)
def test_a_reduced_expression_means_what_the_whole_one_means(policy: Policy, both: tuple[Any, Any]) -> None:
    facts, known = both
    for rule in (*policy.rules, *policy.objectives):
        try:
            whole = evaluate(rule.expr, facts)
        except EvaluationError:
            whole = "fails"
        try:
            left = partial(rule.expr, known)
        except EvaluationError:
            assert whole == "fails"
            continue
        try:
            assert evaluate(left, facts) == whole
        except EvaluationError:
            assert whole == "fails"
