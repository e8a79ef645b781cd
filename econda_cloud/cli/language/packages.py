"""The packages of a plan's tasks, resolved to pins before a run starts."""

from __future__ import annotations

import typer
from econda_edsl.plan import Plan

from econda_cloud.cli.output import FAILED, stop
from econda_cloud.environments.archives import resolved_pins
from econda_cloud.environments.pins import with_pins
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.worker.environments.build import resolve_once
from econda_cloud.worker.environments.uv import UvFailed


def pinned(plan: Plan, blobs: BlobStore, namespace: str) -> Plan:
    """The plan with pins for all its environments; ends the command if packages cannot be resolved."""
    pins = {}
    for key, environment in plan.environments.items():
        if environment.pins:
            continue
        if resolved_pins(blobs, key, namespace) is None:
            typer.echo(f"resolving {', '.join(environment.packages)}", err=True)
        try:
            pins[key] = resolve_once(key, environment.packages, blobs, namespace)
        except UvFailed as error:
            stop(f"error: the packages {', '.join(environment.packages)} cannot be resolved: {error}", FAILED)
    return with_pins(plan, pins)
