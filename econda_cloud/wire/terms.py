"""What a run brings with it to the broker: its policy, and what the policy may ask about the run."""

from __future__ import annotations

import hashlib

import msgspec
from econda_edsl.plan import Plan, Policy
from econda_edsl.plan.policies import UNBOUNDED, priority

from econda_cloud.money.amounts import NANOS_PER_MICRO

SLACK_UNBOUNDED_MS = 10 * 365 * 24 * 3_600_000
"""The slack of a run without a deadline: ten years."""


class Terms(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Money in micro-dollars; `deadline_at_ms` since the epoch, None for none; `priority`: the greater goes first.

    policy: the digest of the policy in force (`policy_digest`); empty for none.
    """

    policy: str = ""
    pipeline: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    deadline_ms: int | None = None
    deadline_at_ms: int | None = None
    budget: int | None = None
    spent: int = 0
    priority: int = 0

    def pipeline_facts(self, now: int, time_ms: int) -> dict[str, object]:
        """`pipeline` as policies see it, for an attempt that is expected to take `time_ms`."""
        slack = SLACK_UNBOUNDED_MS if self.deadline_at_ms is None else self.deadline_at_ms - now - time_ms
        return {
            "name": self.pipeline,
            "tags": self.tags,
            "slack": slack,
            "deadline": self.deadline_ms,
            "budget": UNBOUNDED if self.budget is None else self.budget,
            "spent": self.spent,
            "priority": self.priority,
        }


def policy_digest(policy: Policy) -> str:
    """The name under which a policy is kept for the broker."""
    return hashlib.sha256(msgspec.json.encode(policy, order="deterministic")).hexdigest()[:32]


def terms_of(plan: Plan, started_ms: int, spent_nanos: int) -> Terms | None:
    """The terms of a run, None if nothing in its plan asks for any."""
    settings = plan.settings
    if plan.policy is None and not settings.priority:
        return None
    terms = Terms(
        policy="" if plan.policy is None else policy_digest(plan.policy),
        pipeline=plan.name,
        tags=settings.tags,
        deadline_ms=settings.deadline_ms,
        deadline_at_ms=None if settings.deadline_ms is None else started_ms + settings.deadline_ms,
        budget=settings.budget_micros,
        spent=spent_nanos // NANOS_PER_MICRO,
        priority=settings.priority,
    )
    if plan.policy is None:
        return terms
    asked = priority(plan.policy, {"pipeline": terms.pipeline_facts(started_ms, 0)})
    return msgspec.structs.replace(terms, priority=asked or settings.priority)
