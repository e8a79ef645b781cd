"""The evaluator of plan expressions, and the values that it knows."""

from __future__ import annotations

from econda_edsl.evaluate.errors import EvaluationError
from econda_edsl.evaluate.evaluator import Budget, evaluate

__all__ = [
    "Budget",
    "EvaluationError",
    "evaluate",
]
