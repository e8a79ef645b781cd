"""Pipelines called as steps: what belongs to a run cannot be left out in silence when a pipeline is a part of another one."""

from __future__ import annotations

from collections.abc import Mapping

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.bundled_files import bundled
from econda_edsl.compiler.check.settings import SettingChecks
from econda_edsl.compiler.resolve.cycles import sort_by_need
from econda_edsl.compiler.syntax.steps import calls_in
from econda_edsl.diagnostics import Diagnostic
from econda_edsl.words import prelude


def check_called(
    settings: SettingChecks, step: s.Bind | s.Effect, called: s.Pipeline, given: Mapping[str, s.Expr]
) -> None:
    """The settings of the step, and whether this pipeline may be a step of the one that calls it."""
    report, name, at = settings.inference.report, called.name.text, step.expr.span
    found = settings.known(step.settings, "step that calls a pipeline", prelude.CALLED)
    settings.money(found.get("budget"))
    settings.duration(found.get("deadline"))
    if any(setting.name.text == "concurrency" for setting in called.settings):
        message = f"`{name}` runs one at a time by its `concurrency`, which is kept between runs, not between steps"
        help_ = "set `concurrency` of a task, or of the pipeline that calls it"
        report("E1002", message, at, "not kept for a step", help_)
    for f in called.inputs:
        if f.name.text not in given and bundled(f) is not None:
            message = f"the default of `{f.name.text}` is a file beside `{name}`, brought when a run starts"
            help_ = f"take it as an input of this pipeline with the same default, and pass it: `{f.name.text} = …`"
            report("E1002", message, at, "not brought for a step", help_)


def check_circles(own: Mapping[str, s.Pipeline]) -> list[Diagnostic]:
    """Pipelines that call each other, or themselves. Modules import each other in no circle, so one file tells."""
    calls = {name: {called: step for step, called in calls_in(d.body) if called in own} for name, d in own.items()}
    found = []
    for circle in sort_by_need(own, calls)[1]:
        first = circle[1 % len(circle)]
        notes = (f"circle: {' -> '.join([*circle, circle[0]])}",)
        message = "this pipeline calls itself" if len(circle) == 1 else "these pipelines call each other"
        help_ = "a pipeline that repeats something says so with `repeat` or `foreach`"
        at = calls[circle[0]][first].expr.span
        found.append(Diagnostic("E1001", message, at, f"`{circle[0]}` calls `{first}`", notes, help_))
    return found
