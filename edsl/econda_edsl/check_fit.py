"""Whether the pools that a program declares can take its tasks, before and after its policies have spoken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import structs

from econda_edsl import plan as p
from econda_edsl import syntax as s
from econda_edsl.check_resources import Machine
from econda_edsl.check_steps import called_name
from econda_edsl.checked import Checked
from econda_edsl.declare import blocks_of
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.evaluate import EvaluationError, evaluate
from econda_edsl.lower_policy import policy_of
from econda_edsl.lower_tasks import TaskLowering, gpu_parts
from econda_edsl.policies import Facts, foresee
from econda_edsl.show import show

_UNITS = {"cpu": "Float", "memory": "Size", "disk": "Size", "time": "Duration"}


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
    home, _ = checked.home(name)
    if home.unit.package is not None:
        return machines
    task = TaskLowering(home).needs(d)
    last = (TaskLowering(home).settings.retry(_setting(d, "retry")) or p.Retry()).attempts
    first = {m.name: refusals(task, m, attempt=1) for m in machines}
    takers = [m for m in machines if not first[m.name]]
    if home is not checked:
        return takers
    if not takers:
        _report(checked, d.name.span, "E0601", f"no pool can ever run `{d.name.text}`", "unsatisfiable needs", first)
        return machines
    later = {m.name: refusals(task, m, attempt=last) for m in takers}
    if last > 1 and all(later.values()):
        message = f"the needs of `{d.name.text}` outgrow every pool at attempt {last}"
        _report(checked, d.name.span, "E0603", message, "grows with `attempt`", later)
    return takers


def _report(checked: Checked, at: Span, code: str, message: str, label: str, reasons: dict[str, list[str]]) -> None:
    width = max(map(len, reasons))
    notes = tuple(f"{name.ljust(width)}  no: {', '.join(why)}" for name, why in reasons.items())
    help_ = "ask for less, or declare a pool that has it" if code == "E0601" else "bound what grows, with `min(…, …)`"
    checked.problems.append(Diagnostic(code, message, at, label, notes, help_))


def _as_called(checked: Checked, d: s.Pipeline, takers: dict[str, list[Machine]], machines: list[Machine]) -> None:
    """Calls that ask for more than their tasks do, by `with`."""
    lower = TaskLowering(checked).expressions.lower
    for step, name in _calls(d):
        changed = {x.name.text: x.value for x in step.settings if x.name.text in (*_UNITS, "gpu")}
        if not changed or not takers.get(name):
            continue
        home, there = checked.home(name)
        if home.unit.package is not None:
            continue
        fields: dict[str, Any] = {key: lower(value) for key, value in changed.items() if key != "gpu"}
        if "gpu" in changed:
            count, kinds = gpu_parts(changed["gpu"])
            fields |= {"gpu": lower(count), "gpu_kinds": kinds}
        needs = structs.replace(TaskLowering(home).needs(home.tables.tasks[there]), **fields)
        reasons = {m.name: refusals(needs, m, attempt=1) for m in machines}
        if all(reasons.values()):
            at = step.settings[0].span.to(step.settings[-1].value.span)
            _report(checked, at, "E0601", f"no pool can ever run this `{name}`", "unsatisfiable needs", reasons)


def refusals(needs: p.Needs, machine: Machine, *, attempt: int) -> list[str]:
    """Why a machine cannot take an attempt; needs that depend on inputs are not known and refuse nothing."""
    reasons = []
    for name, kind in _UNITS.items():
        has = machine.max_time if name == "time" else getattr(machine, name)
        asked = _known(getattr(needs, name), attempt)
        if has is not None and asked is not None and asked > has:
            reasons.append(f"{name} {show(asked, kind)} > {show(has, kind)}")
    gpus = _known(needs.gpu, attempt) or 0
    if gpus and not machine.gpu:
        reasons.append("no gpu")
    elif gpus > machine.gpu:
        reasons.append(f"gpu {gpus} > {machine.gpu}")
    if gpus and machine.gpu and needs.gpu_kinds and not set(needs.gpu_kinds) & set(machine.gpu_kinds):
        kinds = ", ".join(machine.gpu_kinds) or "unknown kinds"
        reasons.append(f"gpu kind {', '.join(needs.gpu_kinds)} not among {kinds}")
    return reasons


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
    for step, name in _calls(d):
        if name not in takers or name in told:
            continue
        home, there = checked.home(name)
        if home.unit.package is not None:
            continue
        told.add(name)
        task = home.tables.tasks[there]
        reasons = {m.name: _forbidden(checked, policy, d, home, task, m) for m in takers[name]}
        if not reasons or not all(reasons.values()):
            continue
        width = max(len(m.name) for m in machines)
        needs = TaskLowering(home).needs(task)
        reasons |= {m.name: refusals(needs, m, attempt=1) for m in machines if m.name not in reasons}
        notes = [f"{m.name.ljust(width)}  no: {', '.join(reasons[m.name])}" for m in machines]
        message = f"under its policy no pool may run `{name}`"
        help_ = "change the policy or the tags of the pipeline, or declare a pool that it allows"
        checked.problems.append(Diagnostic("E0602", message, step.span, "nowhere to go", tuple(notes), help_))


def _calls(d: s.Pipeline) -> Iterator[tuple[s.Bind | s.Effect, str]]:
    blocks = [d.body]
    while blocks:
        for step in blocks.pop().steps:
            blocks += blocks_of(step)
            if isinstance(step, s.Bind | s.Effect) and (name := called_name(step.expr)):
                yield step, name


def _forbidden(
    checked: Checked, policy: p.Policy, d: s.Pipeline, home: Checked, task: s.Task, machine: Machine
) -> list[str]:
    """Guards that exclude every offer of a machine; those that exclude both its offers are told once."""
    offers = [False, True] if machine.spot else [False]
    found = [foresee(policy, _facts(checked, d, home, task, machine, spot=spot)) for spot in offers]
    return list(dict.fromkeys(r for reasons in found for r in reasons)) if all(found) else []


def _facts(checked: Checked, d: s.Pipeline, home: Checked, task: s.Task, machine: Machine, *, spot: bool) -> Facts:
    assert checked.parts is not None
    settings = checked.parts.settings.pipeline(d)
    lowering = TaskLowering(home)
    needs = lowering.needs(task)
    checkpoint = lowering.settings.checkpoint(_setting(task, "checkpoint"))
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


def _setting(d: s.Task, name: str) -> s.Setting | None:
    return next((x for x in d.settings if x.name.text == name), None)
