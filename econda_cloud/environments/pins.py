"""Pins: the hash-pinned requirement lines that a list of packages was resolved to, and the file that keeps them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from econda_edsl.plan import Plan

LOCK_NAME = "environments.lock"
"""The pins of a bundle, beside its pipeline file."""

Pins = tuple[str, ...]

# Name and extras, version, perhaps a marker, hashes. Nothing else may reach uv, which takes options in such lines too.
_PIN = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._, -]+\])?==[A-Za-z0-9.+!_-]+"
    r"(\s*;\s*((?!--)[^\n\\])+?)?(\s+--hash=sha(256|384|512):[0-9a-f]{64,128})+"
)


class BadPins(Exception):
    """Pins that cannot be used; the message says what, why and what to do."""


def check_pins(value: Any) -> Pins:
    """A list of pins from outside. Raises `BadPins`."""
    if not isinstance(value, list | tuple) or not value:
        raise BadPins("pins are a list of at least one requirement")
    for pin in value:
        if not isinstance(pin, str) or not _PIN.fullmatch(pin):
            raise BadPins(f"`{str(pin)[:80]}` is not a requirement such as `name==1.2 --hash=sha256:…`")
    return tuple(sorted(value))


def write_lock(pins: Mapping[str, Pins]) -> bytes:
    """The lock file: JSON, one pin a line, sorted, so that its changes can be read."""
    data = {key: sorted(lines) for key, lines in sorted(pins.items())}
    return msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n"


def read_lock(data: bytes) -> dict[str, Pins]:
    """Pins by environment key. Raises `BadPins`."""
    again = "delete it, and the packages are resolved anew"
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadPins(f"`{LOCK_NAME}` is not JSON ({error}); {again}") from error
    if not isinstance(value, dict):
        raise BadPins(f"`{LOCK_NAME}` is not a mapping of environments to pins; {again}")
    try:
        return {key: check_pins(lines) for key, lines in value.items()}
    except BadPins as error:
        raise BadPins(f"`{LOCK_NAME}`: {error}; {again}") from error


def take_lock(files: Mapping[str, bytes]) -> tuple[dict[str, bytes], dict[str, Pins]]:
    """A bundle's files without its lock, and the pins in that, none if it has none. Raises `BadPins`.

    The lock is taken out before compiling: it is no code, so it must not change the digests of tasks.
    """
    rest = dict(files)
    lock = rest.pop(LOCK_NAME, None)
    return rest, read_lock(lock) if lock is not None else {}


def with_pins(plan: Plan, pins: Mapping[str, Pins]) -> Plan:
    """The plan with these pins in its environments; those of lists of packages that it no longer has are left out.

    The plan's digest stays: it says what the text means, and the same file submitted with and without a lock is the
    same pipeline. Which packages a run really had is said by the archives' names in its log, which cover every pin;
    a cache of results has to go by these.
    """
    environments = {
        key: msgspec.structs.replace(environment, pins=pins.get(key, environment.pins))
        for key, environment in plan.environments.items()
    }
    return msgspec.structs.replace(plan, environments=environments)
