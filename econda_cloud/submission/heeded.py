"""What a plan asks for and this version does not do: said before a run begins, so that nobody relies on it."""

from __future__ import annotations

from econda_edsl.plan import Expr, Plan

_POLICY = {
    "share": "fair shares",
    "budget": "a limit over several runs",
    "deadline": "a soft deadline",
    "preempt": "preemption",
    "rebalance": "migration of running attempts",
}


def unheeded(plan: Plan) -> list[str]:
    """One line for each setting that is checked and kept, but not acted on."""
    settings = plan.policy.settings if plan.policy is not None else {}
    return [f"the policy's `{name}` ({_POLICY[name]}) is not acted on by this version" for name in settings]


def refused_by_stacks(plan: Plan) -> list[str]:
    """Reasons why a team's stack cannot run a plan as it asks to be run."""
    reasons = []
    if plan.settings.exclusive is not None:
        reasons.append(
            "`concurrency` of a pipeline is held by `econda run` only: a stack would start its runs side by side"
        )
    place = _begins(plan.settings.publish)
    if place.startswith("/"):
        reasons.append(f"`publish` names a folder of a machine, {place}…: a stack publishes to s3://bucket/… or to a folder of its own bucket, "
                       "without / at the start")  # fmt: skip
    return reasons


def _begins(text: Expr | None) -> str:
    """How a text that is put together begins, as far as it is a constant."""
    match text:
        case {"lit": str() as whole}:
            return whole
        case {"format": [first, *_]}:
            return _begins(first)
        case _:
            return ""
