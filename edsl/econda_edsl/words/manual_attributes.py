"""What the attributes of built-in things mean, and the settings of pools, secrets and triggers, in a few words each."""

from __future__ import annotations

ATTRIBUTES: dict[str, dict[str, str]] = {
    "node": {
        "arch": "the processor, `x86_64` or `arm64`",
        "os": "the operating system, such as `linux`",
        "region": "the region of a cloud",
        "zone": "the zone within the region",
        "pool": "the name of the pool it belongs to",
        "name": "the name of the machine",
        "spot": "whether it may be taken away at any time",
        "avx2": "whether the processor has AVX2",
        "avx512": "whether the processor has AVX-512",
        "cpu": "all cores of the machine",
        "memory": "all memory of the machine",
        "disk": "all local disk of the machine",
        "gpu": "how many GPUs it has",
        "gpu_kind": "the kind of its GPUs; `none` without any",
    },
    "run": {
        "id": "the name of the run",
        "seed": "a number that is the same for a run for ever, for all that is drawn at random",
        "started_at": "when the run began",
        "error": "in a handler: why the run has failed; empty if it has not",
    },
    "task": {
        "name": "the name of the task",
        "cpu": "the cores that the call needs",
        "memory": "the memory that the call needs",
        "disk": "the disk that the call needs",
        "gpu": "the GPUs that the call needs",
        "time": "how long the call is expected to run",
        "checkpoint": "how often it is saved; `none` if it is not",
    },
    "offer": {
        "name": "the name of the offer",
        "cost": "what the call is expected to cost there",
        "latency": "the cold start, and the wait expected in a full pool",
        "spot": "whether the machine may be taken away at any time",
        "price": "what the machine costs",
        "interruption": "how likely the machine is taken away within an hour",
    },
    "pool": {
        "name": "the name of the pool",
        "driver": "what drives it, such as `slurm`",
        "price": "what a machine costs",
        "spot": "whether it has machines that may be taken away",
        "cold_start": "how long a machine takes to be ready",
        "labels": "words by which pools are told apart: `pool.labels.site`",
        "nodes": "how many machines it has",
        "free": "how many of them are free",
    },
    "queue": {"wait": "how long the attempt has waited", "length": "how many attempts wait"},
    "pipeline": {
        "name": "the name of the pipeline",
        "tags": "its tags: `pipeline.tags.team`",
        "slack": "what is left until the deadline; very long without one",
        "deadline": "how long a run may take; `none` without a limit",
        "budget": "what a run may cost; very much without a limit",
        "spent": "what the run has cost so far",
        "priority": "its priority",
    },
}  # fmt: skip
"""By what they are attributes of: `node` in `where`, `run` in pipelines, the others in policies."""

HANDLERS = {
    "failure": "runs after the pipeline has failed",
    "cancel": "runs after the run was cancelled",
    "any": "runs however the pipeline ended, after the special one",
}

LANGUAGES = {
    "shell": "`$name` per input; an output is a file `$OUT/<name>`. Stops at the first command that fails (`-eu -o pipefail`)",
    "python": "inputs are typed variables; outputs are assigned by name",
    "r": "inputs are typed variables; planned, run by no pool of this version",
    "julia": "inputs are typed variables; planned, run by no pool of this version",
    "container": "an image with `args`, one element each, without a shell",
}

RESOURCES: dict[str, dict[str, str]] = {
    "pool": {
        "node": "a machine: `{cpu: 64, memory: 512GiB, gpu: 4 of [A100]}`",
        "nodes": "how many machines there are",
        "price": "what a machine costs: `$3/h`",
        "spot": "the same machine where it may be taken away: `{price: $1/h, interruption: 8%}`",
        "cold_start": "how long a machine takes to be ready",
        "max_time": "how long a task may run there",
        "labels": "words for policies: `{site: \"campus\"}`",
        "hosts": "the hosts, each a name for ssh",
        "partition": "the partition of the cluster",
        "account": "the account that pays",
        "qos": "the quality of service",
        "namespace": "the namespace of the cluster",
        "context": "the context of the cluster's configuration",
        "queue": "the queue that jobs go to",
        "network": "the network of the swarm",
        "region": "the region of the cloud",
        "project": "the project of the cloud",
    },
    "secret": {
        "variable": "the variable of the environment that has it",
        "path": "where it is kept: a file, or a path of the vault",
        "name": "the name under which it is kept",
        "region": "the region of the cloud",
        "field": "the field of a record that is kept",
        "address": "where the vault answers",
    },
    "trigger": {
        "schedule": "five fields, as cron has them: `\"15 2 * * *\"`",
        "timezone": "where the clock of the schedule stands: `\"Europe/Paris\"`",
        "source": "the connector that is watched",
        "prefix": "how the names of objects begin",
        "suffix": "how the names of objects end",
        "batch": "how many rows start a run",
        "wait": "how long to wait for more rows",
        "path": "the path that is called",
        "pipeline": "the pipeline whose end starts this one",
        "state": "which end of it: `succeeded`, `failed` or `any`",
        "start": "the call that a trigger makes: `daily(day = event.date)`",
        "overlap": "what happens while a run goes on: `skip`, `queue` or `cancel_running`",
        "catch_up": "how far back missed times are made up for: `last(3d)`",
        "debounce": "how long it is quiet before a run starts",
    },
}  # fmt: skip
"""Settings of drivers, by the kind of resource."""
