"""The drivers of pools, secrets and triggers and their settings, as data. Those of connectors come from packages.

A setting's type is one of the language, a closed choice (whose words may stand bare), or one of: `Node` (a machine),
`Spot` (its interruptible price), `Call` (a word with arguments), `Last` (`last(3d)`), `Connector`, `Start` (a call of a
pipeline).
"""

from __future__ import annotations

_PLACE = {"region": "String"}

POOL_SETTINGS = {
    "node": "Node",
    "nodes": "Int",
    "price": "Rate",
    "spot": "Spot",
    "cold_start": "Duration",
    "max_time": "Duration",
    "labels": "Map[String, String]",
}

TRIGGER_SETTINGS = {
    "start": "Start",
    "overlap": '"skip" | "queue" | "cancel_running"',
    "catch_up": "Last",
    "debounce": "Duration",
}

DRIVERS: dict[str, dict[str, dict[str, str]]] = {
    "pool": {
        "process": {},
        "hosts": {"hosts": "List[String]"},
        "slurm": {"partition": "String", "account": "String", "qos": "String"},
        "kubernetes": {"namespace": "String", "context": "String", "queue": "String"},
        "swarm": {"network": "String"},
        "aws_lambda": _PLACE,
        "aws_batch": {**_PLACE, "queue": "String"},
        "cloud_run": {**_PLACE, "project": "String"},
        "google_batch": {**_PLACE, "project": "String"},
        "azure_functions": _PLACE,
        "azure_batch": {**_PLACE, "account": "String"},
    },
    "secret": {
        "environment": {"variable": "String"},
        "file": {"path": "String"},
        "aws_secrets": {"name": "String", "region": "String", "field": "String"},
        "vault": {"path": "String", "field": "String", "address": "String"},
    },
    "trigger": {
        "cron": {"schedule": "Cron", "timezone": "Timezone"},
        "object_created": {"source": "Connector", "prefix": "String", "suffix": "String"},
        "stream": {"source": "Connector", "batch": "Int", "wait": "Duration"},
        "webhook": {"path": "String"},
        "pipeline_done": {"pipeline": "String", "state": '"succeeded" | "failed" | "any"'},
    },
}

REQUIRED: dict[str, dict[str, tuple[str, ...]]] = {
    "pool": dict.fromkeys(DRIVERS["pool"], ("node",)),
    "secret": {"environment": ("variable",), "file": ("path",), "aws_secrets": ("name",), "vault": ("path",)},
    "trigger": {
        "cron": ("schedule", "start"),
        "object_created": ("source", "start"),
        "stream": ("source", "start"),
        "webhook": ("path", "start"),
        "pipeline_done": ("pipeline", "start"),
    },
}

EVENTS: dict[str, dict[str, object]] = {
    "cron": {"date": "Date", "time": "Instant"},
    "object_created": {
        "time": "Instant",
        "object": {"key": "String", "bucket": "String", "size": "Size", "day": "Date"},
    },
    "stream": {"rows": "Int", "first": "Instant", "last": "Instant"},
    "webhook": {"time": "Instant", "body": "String"},
    "pipeline_done": {"run": "String", "pipeline": "String", "state": "String", "date": "Date", "time": "Instant"},
}
"""What `event` is in the `start` of a trigger."""


def settings_of(kind: str, driver: str) -> dict[str, str]:
    """All settings of a pool, secret or trigger with their types."""
    shared = {"pool": POOL_SETTINGS, "trigger": TRIGGER_SETTINGS}.get(kind, {})
    return {**DRIVERS[kind][driver], **shared}
