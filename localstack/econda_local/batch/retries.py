"""Whether a failed attempt is tried again: Batch's `retryStrategy`, as documented."""

from __future__ import annotations

from econda_local.batch.model import AttemptEnd, EvaluateOnExit, Spec


def retried(spec: Spec, tried: int, end: AttemptEnd) -> bool:
    """Decide on the end of attempt number `tried` (from 1).

    The first condition that matches decides; when none matches, Batch retries until the attempts are used up.
    """
    if end.final or tried >= spec.attempts:
        return False
    for condition in spec.evaluate_on_exit:
        if matches(condition, end):
            return condition.action == "RETRY"
    return True


def matches(condition: EvaluateOnExit, end: AttemptEnd) -> bool:
    """Every pattern given must match; one that names what the attempt does not have does not match."""
    code = None if end.exit_code is None else str(end.exit_code)
    pairs = (
        (condition.status_reason, end.status_reason),
        (condition.reason, end.reason),
        (condition.exit_code, code),
    )
    return all(pattern is None or (text is not None and glob(pattern, text)) for pattern, text in pairs)


def glob(pattern: str, text: str) -> bool:
    """Batch's patterns: an asterisk at the end matches any rest, case does not matter."""
    pattern, text = pattern.lower(), text.lower()
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text == pattern
