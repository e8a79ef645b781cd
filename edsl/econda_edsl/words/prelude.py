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
    """The fewest and the most arguments (None for any number), the named ones, and those of them that must be given."""

    least: int
    most: int | None
    named: frozenset[str]
    needed: frozenset[str] = frozenset()


FUNCTIONS = {
    "len": Function(1, 1, frozenset()),
    "sum": Function(1, 1, frozenset()),
    "mean": Function(1, 1, frozenset()),
    "min": Function(1, None, frozenset({"by"})),
    "max": Function(1, None, frozenset({"by"})),
    "best": Function(1, 1, frozenset({"by", "lowest"})),
    "sort": Function(1, 1, frozenset({"by", "reverse"})),
    "unique": Function(1, 1, frozenset({"by"})),
    "group_by": Function(1, 1, frozenset({"by"}), frozenset({"by"})),
    "zip": Function(2, 2, frozenset()),
    "product": Function(2, 2, frozenset()),
    "enumerate": Function(1, 1, frozenset()),
    "range": Function(1, 3, frozenset()),
    "linspace": Function(3, 3, frozenset()),
    "logspace": Function(3, 3, frozenset()),
    "days": Function(2, 2, frozenset()),
    "flatten": Function(1, 1, frozenset()),
    "transpose": Function(1, 1, frozenset()),
    "take": Function(2, 2, frozenset()),
    "drop": Function(2, 2, frozenset()),
    "chunk": Function(2, 2, frozenset()),
    "keys": Function(1, 1, frozenset()),
    "values": Function(1, 1, frozenset()),
    "entries": Function(1, 1, frozenset()),
    "map_of": Function(2, 2, frozenset()),
    "get": Function(2, 3, frozenset()),
    "any": Function(1, 1, frozenset()),
    "all": Function(1, 1, frozenset()),
    "abs": Function(1, 1, frozenset()),
    "round": Function(1, 2, frozenset()),
    "floor": Function(1, 1, frozenset()),
    "ceil": Function(1, 1, frozenset()),
    "str": Function(1, 1, frozenset()),
    "format": Function(1, 1, frozenset({"width", "digits", "fill", "as"})),
    "int": Function(1, 1, frozenset()),
    "float": Function(1, 1, frozenset()),
    "split": Function(1, 2, frozenset()),
    "join": Function(1, 2, frozenset()),
    "replace": Function(3, 3, frozenset()),
    "strip": Function(1, 2, frozenset()),
    "lower": Function(1, 1, frozenset()),
    "upper": Function(1, 1, frozenset()),
    "starts_with": Function(2, 2, frozenset()),
    "ends_with": Function(2, 2, frozenset()),
    "matches": Function(2, 2, frozenset()),
    "find": Function(2, 2, frozenset()),
    "date": Function(1, 1, frozenset()),
    "instant": Function(1, 1, frozenset()),
    "truncate": Function(2, 2, frozenset()),
}
"""A task or pipeline of the program may have the name of one of them, and is then what a call means."""

OPTIONS = {"width": "Int", "digits": "Int", "fill": "String", "as": "String", "reverse": "Bool", "lowest": "Bool"}
"""The types of named arguments of functions; `by` takes a selector."""

FILE_ATTRIBUTES = {"name": "String", "stem": "String", "suffix": "String", "size": "Size"}
"""What is known of a File, Dir, Model, Metrics or Table without reading it."""

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
