"""Whether the pools that a program declares can take its tasks, before and after its policies have spoken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import structs

from econda_edsl import plan as p
from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.module import Checked
from econda_edsl.compiler.check.resources import Machine
from econda_edsl.compiler.lower.needs import lower_needs
from econda_edsl.compiler.lower.policies import policy_of
from econda_edsl.compiler.lower.tasks import TaskLowering
from econda_edsl.compiler.syntax.steps import calls_in
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.evaluate import EvaluationError, evaluate
from econda_edsl.evaluate.text import show
from econda_edsl.plan.policies import Facts, foresee
from econda_edsl.words import prelude

_HELP = {
    "E0601": "ask for less, or declare a pool that has it",
    "E0602": "change the policy or the tags of the pipeline, or declare a pool that it allows",
    "E0603": "bound what grows, with `min(…, …)`",
}
_Reasons = dict[str, dict[str, str]]
"""Why each pool refuses, by what it refuses for."""


def check_fit(checked: Checked) -> None:
    """Report tasks that no declared pool can ever take, and those that no pool may take under a policy.

    Nothing is said where no pool is declared: the team's own are known only when a run starts.
    """
    machines = declared_pools(checked)
    if not machines:
        return
    tasks = {name: d for name, d in checked.tables.tasks.items() if name not in checked.tables.connectors}
    takers: dict[str, list[Machine]] = {}
    for name, d in tasks.items():
        takers[name] = _fitting(checked, name, d, machines)
    for d in checked.tables.pipelines.values():
        if d.name.text in checked.tables.own:
            _as_called(checked, d, takers, machines)
            _under_policy(checked, d, takers, machines)


def declared_pools(checked: Checked) -> list[Machine]:
    """The pools a module declares or imports."""
    found = []
    for name, resource in checked.tables.resources.items():
        if resource.kind == "pool":
            home, there = checked.home(name)
            if home.parts is not None and there in home.parts.resources.pools:
                found.append(home.parts.resources.pools[there])
    return found


def _fitting(checked: Checked, name: str, d: s.Task, machines: list[Machine]) -> list[Machine]:
    """The pools that take a task's first attempt; none when it has an error, so that its calls have no other."""
    home, _ = checked.home(name)
    if home.unit.package is not None:
        return machines
    needs = TaskLowering(home).needs(d)
    if home is not checked:
        return [m for m in machines if not refusals(needs, m, attempt=1)]
    return _judged(checked, f"`{name}`", needs, _attempts(home, d.settings), machines, d.name.span)


def _as_called(checked: Checked, d: s.Pipeline, takers: dict[str, list[Machine]], machines: list[Machine]) -> None:
    """Calls that ask for more than their tasks do, or more often, by `with`."""
    changes = (*prelude.NEEDS, "retry")
    for step, name in calls_in(d.body):
        spans = {x.name.text: x.span.to(x.value.span) for x in step.settings if x.name.text in changes}
        home, there = checked.home(name) if takers.get(name) else (checked, "")
        if not spans or not there or home.unit.package is not None:
            continue
        task = home.tables.tasks[there]
        changed, kinds = lower_needs(step.settings, TaskLowering(checked).expressions.lower)
        needs = structs.replace(TaskLowering(home).needs(task), **changed, **({"gpu_kinds": kinds} if kinds else {}))
        attempts = _attempts(checked, step.settings) if "retry" in spans else _attempts(home, task.settings)
        at = spans.get("retry") or next(iter(spans.values()))
        _judged(checked, f"this `{name}`", needs, attempts, machines, at, spans)


def _attempts(module: Checked, settings: Iterable[s.Setting]) -> int:
    retry = TaskLowering(module).settings.retry(_setting(settings, "retry"))
    return (retry or p.Retry()).attempts


def _judged(
    checked: Checked, what: str, needs: p.Needs, attempts: int, machines: list[Machine], at: Span,
    spans: Mapping[str, Span] = MappingProxyType({}),
) -> list[Machine]:  # fmt: skip
    """The pools that take a first attempt; none after reporting that none does, or that none takes the last.

    `spans` are where needs are changed: the error stands at the first of them that is too much, or else `at`.
    """
    reasons = {m.name: refusals(needs, m, attempt=1) for m in machines}
    takers = [m for m in machines if not reasons[m.name]]
    code, message, label = "E0601", f"no pool can ever run {what}", "unsatisfiable needs"
    if takers:
        reasons = {m.name: refusals(needs, m, attempt=attempts) for m in takers}
        if not all(reasons.values()):
            return takers
        code, message = "E0603", f"the needs of {what} outgrow every pool at attempt {attempts}"
        label = "grows with `attempt`"
    span = next((spans[need] for why in reasons.values() for need in why if need in spans), at)
    _report(checked, span, code, message, label, reasons)
    return []


def _report(checked: Checked, at: Span, code: str, message: str, label: str, reasons: _Reasons) -> None:
    width = max(map(len, reasons))
    notes = tuple(f"{name.ljust(width)}  no: {', '.join(why.values())}" for name, why in reasons.items())
    checked.problems.append(Diagnostic(code, message, at, label, notes, _HELP[code]))


def refusals(needs: p.Needs, machine: Machine, *, attempt: int) -> dict[str, str]:
    """Why a machine cannot take an attempt, by need; needs that depend on inputs are not known and refuse nothing."""
    reasons = {}
    for name, kind in prelude.NEEDS.items():
        if name == "gpu":
            continue
        has = machine.max_time if name == "time" else getattr(machine, name)
        asked = _known(getattr(needs, name), attempt)
        if has is not None and asked is not None and asked > has:
            reasons[name] = f"{name} {show(asked, kind)} > {show(has, kind)}"
    gpus = _known(needs.gpu, attempt) or 0
    if gpus and (why := _without_gpus(gpus, needs.gpu_kinds, machine)):
        reasons["gpu"] = why
    return reasons


def _without_gpus(count: int, kinds: tuple[str, ...], machine: Machine) -> str:
    if not machine.gpu:
        return "no gpu"
    reasons = [f"gpu {count} > {machine.gpu}"] if count > machine.gpu else []
    if kinds and not set(kinds) & set(machine.gpu_kinds):
        reasons.append(f"gpu kind {', '.join(kinds)} not among {', '.join(machine.gpu_kinds) or 'unknown kinds'}")
    return ", ".join(reasons)


def _known(expr: p.Expr | None, attempt: int) -> Any:
    if expr is None:
        return None
    try:
        return evaluate(expr, {"attempt": attempt})
    except EvaluationError:
        return None


def _under_policy(checked: Checked, d: s.Pipeline, takers: dict[str, list[Machine]], machines: list[Machine]) -> None:
    policy = policy_of(checked, d)
    if policy is None:
        return
    told: set[str] = set()
    for step, name in _calls_through(checked, d):
        if name not in takers or name in told:
            continue
        home, there = checked.home(name)
        if home.unit.package is not None:
            continue
        told.add(name)
        task = home.tables.tasks[there]
        needs = TaskLowering(home).needs(task)
        reasons = {
            m.name: _forbidden(checked, policy, d, home, task, m)
            if m in takers[name]
            else refusals(needs, m, attempt=1)
            for m in machines
        }
        if takers[name] and all(reasons.values()):
            message = f"under its policy no pool may run `{name}`"
            _report(checked, step.span, "E0602", message, "nowhere to go", reasons)


def _calls_through(checked: Checked, d: s.Pipeline) -> Iterator[tuple[s.Bind | s.Effect, str]]:
    """The tasks that a pipeline calls, also by pipelines of its module, each with the pipeline's own step."""
    for step, name in calls_in(d.body):
        called = checked.tables.pipelines.get(name) if name in checked.tables.own else None
        if called is None:
            yield step, name
        else:
            yield from ((step, inner) for _, inner in _calls_through(checked, called))


def _forbidden(
    checked: Checked, policy: p.Policy, d: s.Pipeline, home: Checked, task: s.Task, machine: Machine
) -> dict[str, str]:
    """Guards that exclude every offer of a machine; those that exclude both its offers are told once."""
    offers = [False, True] if machine.spot else [False]
    found = [foresee(policy, _facts(checked, d, home, task, machine, spot=spot)) for spot in offers]
    return {r: r for reasons in found for r in reasons} if all(found) else {}


def _facts(checked: Checked, d: s.Pipeline, home: Checked, task: s.Task, machine: Machine, *, spot: bool) -> Facts:
    assert checked.parts is not None
    settings = checked.parts.settings.pipeline(d)
    lowering = TaskLowering(home)
    needs = lowering.needs(task)
    checkpoint = lowering.settings.checkpoint(_setting(task.settings, "checkpoint"))
    about = {name: _known(getattr(needs, name), 1) for name in ("cpu", "memory", "disk", "gpu", "time")}
    price = (machine.spot or {}).get("price") if spot else machine.price
    pool = {"price": machine.price, "cold_start": machine.cold_start, "nodes": machine.nodes}
    return {
        "task": {
            **{name: value for name, value in about.items() if value is not None},
            "name": task.name.text,
            "checkpoint": checkpoint.ms if checkpoint.bytes is None else 0,
        },
        "offer": {"spot": spot, **({} if price is None else {"price": price})},
        "pool": {
            **{name: value for name, value in pool.items() if value is not None},
            "name": machine.name,
            "driver": machine.driver,
            "labels": machine.labels,
            "spot": machine.spot is not None,
        },
        "pipeline": {"name": d.name.text, "tags": settings.tags, "deadline": settings.deadline_ms,
                     "priority": settings.priority},
    }  # fmt: skip


def _setting(settings: Iterable[s.Setting], name: str) -> s.Setting | None:
    return next((x for x in settings if x.name.text == name), None)
