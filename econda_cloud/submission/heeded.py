"""What a plan asks for and this version does not do: said before a run begins, so that nobody relies on it."""

from __future__ import annotations

from econda_edsl.plan import Plan

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
    if plan.settings.exclusive is None:
        return []
    return ["`concurrency` of a pipeline is held by `econda run` only: a stack would start its runs side by side"]
