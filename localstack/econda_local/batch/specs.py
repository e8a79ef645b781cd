"""From a job definition and a submission to what an attempt runs. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from econda_local.batch.model import MILLI, EvaluateOnExit, Resources, Spec
from econda_local.batch.refusal import Refused

MAX_ATTEMPTS = 10
_REFERENCE = re.compile(r"^Ref::(.+)$")

Wire = Mapping[str, Any]


def effective_container(properties: Wire, overrides: Wire, parameters: Wire) -> dict[str, Any]:
    """The definition's container with the submission's overrides laid over it and `Ref::name` replaced.

    Environment variables and resource requirements are merged by name and by type; a command replaces a command.
    """
    out = dict(properties)
    command = overrides.get("command", properties.get("command", []))
    out["command"] = [_substituted(word, parameters) for word in command]
    merged = {pair["name"]: pair.get("value", "") for pair in properties.get("environment", [])}
    merged |= {pair["name"]: pair.get("value", "") for pair in overrides.get("environment", [])}
    out["environment"] = [{"name": name, "value": value} for name, value in merged.items()]
    wanted = _requirements(properties) | _requirements(overrides)
    out["resourceRequirements"] = [{"type": kind, "value": value} for kind, value in wanted.items()]
    return {name: value for name, value in out.items() if name not in ("vcpus", "memory")}


def spec(container: Wire, retry: Wire, timeout: Wire, shortest_timeout: int) -> Spec:
    """What an attempt runs. Raises Refused for sizes Batch refuses; `shortest_timeout` is in seconds."""
    attempts = retry.get("attempts", 1)
    if not 1 <= attempts <= MAX_ATTEMPTS:
        raise Refused(f"Job attempts must be between 1 and {MAX_ATTEMPTS}")
    seconds = timeout.get("attemptDurationSeconds")
    if seconds is not None and seconds < shortest_timeout:
        raise Refused(f"The timeout must be at least {shortest_timeout} seconds, not {seconds}")
    return Spec(
        image=container.get("image", ""),
        command=tuple(container["command"]),
        environment=tuple((pair["name"], pair["value"]) for pair in container["environment"]),
        resources=resources(container),
        attempts=attempts,
        evaluate_on_exit=tuple(_condition(item) for item in retry.get("evaluateOnExit", [])),
        timeout=seconds,
    )


def resources(container: Wire) -> Resources:
    """What a container occupies. Raises Refused unless vCPUs and memory are given and positive."""
    wanted = _requirements(container)
    try:
        millicpus = int(Decimal(wanted["VCPU"]) * MILLI)
        memory, gpus = int(wanted["MEMORY"]), int(wanted.get("GPU", "0"))
    except KeyError as missing:
        raise Refused(f"Container.resourceRequirements: {missing.args[0]} is required") from None
    except (ValueError, InvalidOperation):
        raise Refused(f"Container.resourceRequirements: not a number among {sorted(wanted.values())}") from None
    if millicpus <= 0 or memory < 4 or gpus < 0:
        raise Refused("Container.resourceRequirements: VCPU must be positive and MEMORY at least 4")
    return Resources(millicpus, memory, gpus)


def _requirements(container: Wire) -> dict[str, str]:
    old = {"VCPU": container.get("vcpus"), "MEMORY": container.get("memory")}
    wanted = {kind: str(value) for kind, value in old.items() if value}
    return wanted | {item["type"]: item["value"] for item in container.get("resourceRequirements", [])}


def _substituted(word: str, parameters: Wire) -> str:
    found = _REFERENCE.match(word)
    return parameters.get(found.group(1), word) if found else word


def _condition(item: Wire) -> EvaluateOnExit:
    return EvaluateOnExit(
        action=item["action"].upper(),
        status_reason=item.get("onStatusReason"),
        reason=item.get("onReason"),
        exit_code=item.get("onExitCode"),
    )
