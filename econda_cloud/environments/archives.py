"""Names of archives: an environment's packages as one blob, named by all that decides what is in it; per namespace.

Small to import and without processes, for functions that only ask which archives are there.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import sysconfig

import msgspec
from econda_edsl.plan import Plan

from econda_cloud.environments.pins import BadPins, Pins, check_pins
from econda_cloud.ports.blobs import BlobStore, WorkerBlobs
from econda_cloud.wire.keys import environments_prefix


def platform_tag() -> str:
    """What packages are built for, here: Python, system, processor and C library."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return "-".join(filter(None, (f"py{version}", sysconfig.get_platform(), platform.libc_ver()[0])))


def archive_key(pins: Pins, namespace: str, tag: str | None = None) -> str:
    """The blob key of the archive with these pins, for the platform `tag`, by default this one."""
    lines = "\n".join([tag or platform_tag(), *sorted(pins)])
    return f"{environments_prefix(namespace)}{hashlib.sha256(lines.encode()).hexdigest()}.tar"


def resolved_key(environment: str, namespace: str, tag: str | None = None) -> str:
    """The blob key of what the packages of an environment were resolved to, the first time in a namespace."""
    return f"{environments_prefix(namespace)}resolved/{environment}-{tag or platform_tag()}.json"


def resolved_pins(blobs: WorkerBlobs, environment: str, namespace: str, tag: str | None = None) -> Pins | None:
    """What the packages were resolved to, or None if they never were or that cannot be read."""
    try:
        return check_pins(msgspec.json.decode(blobs.get(resolved_key(environment, namespace, tag))))
    except (KeyError, BadPins, msgspec.DecodeError):
        return None


def known_archives(plan: Plan, blobs: BlobStore, namespace: str, tag: str | None = None) -> dict[str, str]:
    """Archives, by environment, that are there already, so that the run need not build them; they are renewed for it."""
    found = {}
    for key, environment in plan.environments.items():
        pins = environment.pins or resolved_pins(blobs, key, namespace, tag)
        archive = archive_key(pins, namespace, tag) if pins else None
        if archive is not None and blobs.renew(archive):
            found[key] = archive
    return found
