"""The one exception of evaluation."""


class EvaluationError(Exception):
    """An expression has no value; the message says why."""
