"""The tasks of a plan and the names that they have there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from econda_edsl.compiler.check.module import Checked


@dataclass(slots=True)
class UsedTasks:
    """`found` are the modules that call each task, and the name by which they do, by its name in the plan."""

    root: Checked
    found: dict[str, tuple[Checked, str]] = field(default_factory=dict)

    def take(self, called: Iterable[str]) -> None:
        """The tasks that the pipeline itself calls, by the names that it has for them."""
        for name in called:
            self.found.setdefault(name, (self.root, name))

    def name(self, module: Checked, called: str) -> str:
        """The name in the plan of a task that a module calls so.

        What the pipeline itself calls keeps its name; what pipelines of other modules call is named by where it is
        declared, unless the pipeline has a name for the same task.
        """
        if module is self.root and called in self.found:
            return called
        same = [name for name, caller in self.found.items() if _home(*caller) == _home(module, called)]
        if same:
            return same[0]
        home, there = module.home(called)
        wanted = f"{home.unit.label}.{there}" if home.unit.label else there
        name, number = wanted, 2
        while name in self.found:
            name, number = f"{wanted}_{number}", number + 1
        self.found[name] = module, called
        return name


def _home(module: Checked, called: str) -> tuple[str, str, str]:
    """Where a task is declared, its name there, and, of an operator, through which connector it is called."""
    home, there = module.home(called)
    through = ""
    if called in module.tables.connectors:
        where, connector = module.home(called.rpartition(".")[0])
        through = f"{where.unit.path} {connector}"
    return home.unit.path, there, through
