"""Logs, metrics and traces of all functions, by Powertools for AWS Lambda."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
metrics = Metrics()
# An invocation that has nothing to count is no reason to warn.
warnings.filterwarnings("ignore", message="No application metrics to publish")

Handler = Callable[[Any, Any], Any]


def count(name: str, value: int = 1) -> None:
    """Add to a metric of this invocation."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def observed(handler: Handler) -> Handler:
    """A handler with structured logs that know the invocation, and metrics written at its end."""
    inner = logger.inject_lambda_context(metrics.log_metrics(_traced(handler), raise_on_empty_metrics=False))
    return functools.wraps(handler)(inner)


def _traced(handler: Handler) -> Handler:
    """With X-Ray segments where the function was deployed with tracing; its SDK takes half a second to import."""
    if os.environ.get("ECONDA_TRACING") != "active":
        return handler
    from aws_lambda_powertools import Tracer

    return Tracer().capture_lambda_handler(handler)
