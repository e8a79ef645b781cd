"""What lowering needs of the module in which something is declared."""

from __future__ import annotations

from dataclasses import dataclass

from econda_edsl.compiler.check.module import Checked, Parts
from econda_edsl.compiler.check.settings import SettingChecks
from econda_edsl.compiler.expressions.lower import Lowering
from econda_edsl.compiler.resolve.tables import Tables


@dataclass
class InModule:
    module: Checked

    @property
    def parts(self) -> Parts:
        assert self.module.parts is not None
        return self.module.parts

    @property
    def tables(self) -> Tables:
        return self.module.tables

    @property
    def settings(self) -> SettingChecks:
        return self.parts.settings

    @property
    def expressions(self) -> Lowering:
        return self.parts.constants.lowering
