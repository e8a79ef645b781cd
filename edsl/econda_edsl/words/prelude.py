"""What every program knows without declaring it, as data: words, functions, settings."""

from __future__ import annotations

from typing import NamedTuple

DECLARATIONS = (
    "let", "type", "task", "pipeline", "import", "from", "pool", "connector", "secret", "trigger",
    "operator", "policy",
)  # fmt: skip

# Words that cannot be bound: a reader would take them for syntax, because they stand in expressions, follow a value in its
# line, or begin a line where steps or expressions stand.
RESERVED = frozenset({
    "true", "false", "none", "and", "or", "not", "in", "if", "else", "when", "foreach", "repeat",
    "until", "assert", "fail", "return", "gather", "carry", "next", "with", "after", "run", "attempt",
    "of", "up", "on", "because",
    *DECLARATIONS,
})  # fmt: skip


# Words of the grammar that may be names too, each with where it is a word: no name can stand there.
CONTEXTUAL = {
    "as": "in imports",
    "is": "after the name of a pool, connector, secret or trigger",
    "extends": "after the name of a policy",
    "for": "in lists made of another, behind their first value",
    "to": "behind `up`",
    "needs": "with a `:`, in tasks",
    "state": "with a `:`, in operators",
    "scope": "at the begin of a line of a policy",
    "forbid": "at the begin of a line of a policy",
    "require": "at the begin of a line of a policy",
    "minimize": "at the begin of a line of a policy, or behind `then`",
    "maximize": "at the begin of a line of a policy, or behind `then`",
    "then": "at the begin of a line of a policy",
    "where": "at the begin of a line of `needs`",
}


class Function(NamedTuple):
    """The fewest and the most arguments (None for any number), and the named ones."""

    least: int
    most: int | None
    named: frozenset[str]


FUNCTIONS = {
    "len": Function(1, 1, frozenset()),
    "sum": Function(1, 1, frozenset()),
    "mean": Function(1, 1, frozenset()),
    "min": Function(1, None, frozenset()),
    "max": Function(1, None, frozenset()),
    "sort": Function(1, 1, frozenset({"by", "reverse"})),
    "zip": Function(2, 2, frozenset()),
    "range": Function(1, 3, frozenset()),
    "linspace": Function(3, 3, frozenset()),
    "logspace": Function(3, 3, frozenset()),
    "flatten": Function(1, 1, frozenset()),
    "keys": Function(1, 1, frozenset()),
    "best": Function(1, 1, frozenset({"by", "lowest"})),
    "any": Function(1, 1, frozenset()),
    "all": Function(1, 1, frozenset()),
    "abs": Function(1, 1, frozenset()),
    "round": Function(1, 2, frozenset()),
    "floor": Function(1, 1, frozenset()),
    "ceil": Function(1, 1, frozenset()),
    "str": Function(1, 1, frozenset()),
    "int": Function(1, 1, frozenset()),
    "float": Function(1, 1, frozenset()),
    "date": Function(1, 1, frozenset()),
    "instant": Function(1, 1, frozenset()),
}

# Files of the bundle, as defaults of a pipeline's inputs only.
FILES = ("file", "files", "dir")

FAILURES = ("failed", "timed_out", "out_of_memory", "bad_output", "preempted", "lost")

# Per place: the settings that exist.
NEEDS = {"cpu": "Float", "memory": "Size", "disk": "Size", "gpu": "Int", "time": "Duration"}
TASK = (
    "image",
    "packages",
    "retry",
    "timeout",
    "checkpoint",
    "env",
    "args",
    "cache",
    "version",
    "concurrency",
    "isolation",
)
STEP = ("cpu", "memory", "disk", "gpu", "time", "retry", "timeout", "checkpoint", "cache")
CALLED = ("budget", "deadline")
"""Settings of a step that calls a pipeline."""
FOREACH = ("parallel", "batch", "tolerate")
PIPELINE = ("budget", "deadline", "tags", "policy", "priority", "concurrency", "publish")
PUBLISHED = ("run", "pipeline", "namespace", "date")
"""What `publish` can name beside the inputs: texts. `date` is the day on which the run began, `2026-11-28` in UTC."""
HANDLERS = ("failure", "cancel", "any")

NODE_ATTRIBUTES = {
    "arch": "String",
    "os": "String",
    "region": "String",
    "zone": "String",
    "pool": "String",
    "name": "String",
    "spot": "Bool",
    "avx2": "Bool",
    "avx512": "Bool",
    "cpu": "Float",
    "memory": "Size",
    "disk": "Size",
    "gpu": "Int",
    "gpu_kind": "String?",
}
RUN_ATTRIBUTES = {"id": "String", "seed": "Int", "started_at": "Instant"}
HANDLER_ATTRIBUTES = {**RUN_ATTRIBUTES, "error": "String"}

# What a policy sees, per offer. Maps give `none` for what is not there.
POLICY_ENTITIES: dict[str, dict[str, str]] = {
    "task": {"name": "String", "cpu": "Float", "memory": "Size", "disk": "Size", "gpu": "Int", "time": "Duration",
             "checkpoint": "Duration?"},
    "offer": {"cost": "Money", "latency": "Duration", "spot": "Bool", "price": "Rate", "interruption": "Percent",
              "name": "String"},
    "pool": {"name": "String", "driver": "String", "price": "Rate", "spot": "Bool", "cold_start": "Duration",
             "labels": "Labels", "nodes": "Int", "free": "Int"},
    "queue": {"wait": "Duration", "length": "Int"},
    "pipeline": {"name": "String", "tags": "Labels", "slack": "Duration", "deadline": "Duration?",
                 "budget": "Money", "spent": "Money", "priority": "Int"},
}  # fmt: skip
