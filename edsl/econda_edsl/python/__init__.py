"""The Python face: pipelines written as typed Python, which becomes EDSL text and then a plan like any other.

A pipeline's function is called once, with stand-ins for its inputs; calls of tasks make steps, and `foreach`, `when`
and `repeat` make blocks. What would silently be decided while tracing (`if`, `for`, `len`, f-strings of values that are
known only in a run) is an error that says what to write. The text comes from `.edsl()`, or from `econda emit`.

This package imports nothing but the standard library until a pipeline is traced, because workers import the files of
tasks.
"""

from econda_edsl.python.blocks import check, fail, foreach, repeat, until, when
from econda_edsl.python.expressions import Expr, TraceError, fn, run, text
from econda_edsl.python.hints import Range
from econda_edsl.python.pipelines import Pipeline, pipeline
from econda_edsl.python.records import record
from econda_edsl.python.settings import Needs, every, exponential, linear
from econda_edsl.python.tasks import Task, container, shell, task
from econda_edsl.python.trace import value
from econda_edsl.python.units import (
    Bandwidth,
    Dir,
    Duration,
    File,
    Metrics,
    Model,
    Money,
    Percent,
    Rate,
    Size,
    Table,
)

__all__ = [
    "Bandwidth",
    "Dir",
    "Duration",
    "Expr",
    "File",
    "Metrics",
    "Model",
    "Money",
    "Needs",
    "Percent",
    "Pipeline",
    "Range",
    "Rate",
    "Size",
    "Table",
    "Task",
    "TraceError",
    "check",
    "container",
    "every",
    "exponential",
    "fail",
    "fn",
    "foreach",
    "linear",
    "pipeline",
    "record",
    "repeat",
    "run",
    "shell",
    "task",
    "text",
    "until",
    "value",
    "when",
]
