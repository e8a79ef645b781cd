"""What the phases before the plan learned of one module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from econda_edsl.compiler.check.policies import PolicyChecks
from econda_edsl.compiler.check.resources import ResourceChecks
from econda_edsl.compiler.check.settings import SettingChecks
from econda_edsl.compiler.check.steps import StepChecks
from econda_edsl.compiler.expressions.constants import Constants
from econda_edsl.compiler.expressions.infer import Inference
from econda_edsl.compiler.modules.load import Unit
from econda_edsl.compiler.parse.layout import Layout
from econda_edsl.compiler.parse.parser import Parsed
from econda_edsl.compiler.resolve.scopes import Names
from econda_edsl.compiler.resolve.tables import Tables
from econda_edsl.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Parts:
    """The checks of a module whose steps and constants do not wait for each other in a circle."""

    constants: Constants
    settings: SettingChecks
    steps: StepChecks
    resources: ResourceChecks
    policies: PolicyChecks


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known of a text, right or wrong: tools read names and types from it.

    `parts` is None when no types could be inferred. `modules` are all modules of the program by path, this one too.
    """

    unit: Unit
    tables: Tables
    names: Names
    inference: Inference
    parts: Parts | None
    problems: list[Diagnostic]
    modules: Mapping[str, Checked]

    @property
    def layout(self) -> Layout:
        return self.unit.layout

    @property
    def parsed(self) -> Parsed:
        return Parsed(self.unit.program, self.unit.complete)

    @property
    def steps(self) -> StepChecks | None:
        return self.parts.steps if self.parts else None

    def home(self, name: str) -> tuple[Checked, str]:
        """The module that declares a name, and the name there. Raises `KeyError` if that module was not checked."""
        path, there = self.tables.homes.get(name, (self.unit.path, name))
        found = self.modules[path]
        return found.home(there) if there in found.tables.homes else (found, there)
