"""Operator packages: their interfaces, read from `operators.json`. No tool imports a package's Python.

A package publishes what the language needs to know: versions, types, constructors of values, operators with
signatures, and, for a connector's driver, its settings. The interface becomes EDSL text and goes through the same
phases as a file; `Any`, `Selector`, `Type` and `Opaque` are types only an interface may use.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

INTERFACE_TYPES = ("Any", "Selector", "Type", "Opaque")
ENTRY_POINTS = "econda.packages"
_NAME = re.compile(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*")
_CONSTRAINT = re.compile(r"(\^?)(\d+(?:\.\d+){0,2})")


class BadPackage(Exception):
    """An interface that cannot be used; the message says what and where."""


@dataclass(frozen=True, slots=True)
class Package:
    """`settings` are those of the connector this package drives, name → type text; empty if it drives none."""

    name: str
    version: str
    text: str
    settings: dict[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        return self.name.rpartition("/")[2]


def is_package(source: str) -> bool:
    """Whether an import names a package and not a file."""
    return not source.startswith(("./", "../", "/")) and not source.endswith(".edsl")


def known_packages() -> tuple[str, ...]:
    """The names of all packages that can be imported here, sorted."""
    return tuple(sorted(_bundled().keys() | _installed().keys()))


def find_package(name: str) -> Package | None:
    """The package of that name, None if there is none. Raises `BadPackage` for a broken interface."""
    if not _NAME.fullmatch(name):
        return None
    text = _bundled().get(name) or _installed().get(name)
    return None if text is None else read_package(text)


@cache
def read_package(data: str) -> Package:
    """An interface as a package. Raises `BadPackage`."""
    try:
        raw = json.loads(data)
        return Package(
            raw["package"],
            raw["version"],
            _as_text(raw),
            dict(raw.get("connector", {}).get("settings", {})),
            frozenset(raw.get("connector", {}).get("required", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadPackage(f"not an interface of operators: {type(error).__name__}: {error}") from error


def fits(version: str, constraint: str) -> bool:
    """`^1.2` means from 1.2 to below 2; `1.2` means any 1.2.x. Raises `ValueError` for anything else."""
    match = _CONSTRAINT.fullmatch(constraint.strip())
    if match is None:
        raise ValueError(constraint)
    have, want = _numbers(version), _numbers(match[2])
    if match[1]:
        # The caret of semantic versions: below 1.0 the second number is the one that breaks.
        steady = 1 if want[0] else 2
        return have[:steady] == (*want, 0, 0)[:steady] and have >= want
    return have[: len(want)] == want


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3])


def _as_text(raw: dict[str, Any]) -> str:
    lines = ["edsl 1", ""]
    for name in raw.get("types", ()):
        lines += [f"type {name} = Opaque", ""]
    for name, fields in raw.get("records", {}).items():
        lines += [f"type {name}:", *(f"    {key}: {kind}" for key, kind in fields.items()), ""]
    for name, function in raw.get("functions", {}).items():
        lines += _task(name, function["signature"], function.get("doc", ""), f'run function "{name}"')
    for name, operator in raw.get("operators", {}).items():
        lines += _task(
            name, operator["signature"], operator.get("doc", ""), f'run operator "{raw["package"]}:{name}"',
            operator.get("needs", {}),
        )  # fmt: skip
    return "\n".join(lines)


def _task(name: str, signature: str, doc: str, run: str, needs: dict[str, str] | None = None) -> list[str]:
    lines = [f"task {name}{signature}:"]
    if doc:
        lines.append(f'    """{doc}"""')
    if needs:
        lines += ["    needs:", *(f"        {key} = {value}" for key, value in needs.items())]
    return [*lines, f"    {run}", ""]


@cache
def _bundled() -> dict[str, str]:
    found = {}
    for file in resources.files("econda_edsl.compiler.modules").joinpath("interfaces").iterdir():
        if file.name.endswith(".json"):
            found["econda/" + file.name.removesuffix(".json")] = file.read_text("utf-8")
    return found


@cache
def _installed() -> dict[str, str]:
    """Interfaces of installed distributions: `operators.json` in the module an entry point names, read as a file."""
    from importlib import metadata  # slow to load, and most programs import no package

    found = {}
    for distribution in metadata.distributions():
        for point in distribution.entry_points:
            if point.group == ENTRY_POINTS:
                path = distribution.locate_file(f"{point.module.replace('.', '/')}/operators.json")
                try:
                    found[point.name] = path.read_text("utf-8")  # type: ignore[attr-defined]
                except OSError:
                    continue
    return found
