"""The policies of a pipeline and those they extend, found in all modules, as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from econda_edsl import plan as p
from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.module import Checked
from econda_edsl.compiler.syntax.steps import calls_in
from econda_edsl.diagnostics import Diagnostic

_OBJECTIVES = ("minimize", "maximize")


@dataclass(frozen=True, slots=True)
class OwnPolicy:
    """What one policy says itself, without what it extends."""

    rules: tuple[p.Rule, ...] = ()
    objectives: tuple[p.Objective, ...] = ()
    priority: dict[str, Any] | None = None
    max_parallel: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def policy_names(d: s.Pipeline) -> list[s.Ref]:
    """The policies a pipeline names: one, or a list of them."""
    setting = next((x for x in d.settings if x.name.text == "policy"), None)
    if setting is None:
        return []
    value = setting.value
    items = value.items if isinstance(value, s.Items) else (value,)
    return [item for item in items if isinstance(item, s.Ref)]


def policy_of(module: Checked, d: s.Pipeline) -> p.Policy | None:
    """All policies in force for a pipeline as one; None when it has none, or one of them has errors."""
    chain = _chain(module, policy_names(d))
    return None if not chain else _merged(list(chain.values()))


def check_bound(module: Checked, own: Iterable[s.Pipeline]) -> None:
    """Report calls of pipelines whose policies do not bind the pipeline that calls them: a run has one policy."""
    for d in own:
        binding = _chain(module, policy_names(d))
        for step, name in calls_in(d.body):
            if name not in module.tables.pipelines or binding is None:
                continue
            home, there = module.home(name)
            lacking = [
                key for key in _chain(home, policy_names(home.tables.pipelines[there])) or {} if key not in binding
            ]
            if lacking:
                alias, policy = name.rpartition(".")[0], lacking[0][1]
                policy = f"{alias}.{policy}" if alias and lacking[0][0] == home.unit.path else policy
                message = f"`{name}` has the policy `{policy}`, which does not bind `{d.name.text}`"
                help_ = f"name it in `{d.name.text}` as well: `policy = {policy}`, or a list of policies"
                at = step.expr.span
                module.problems.append(Diagnostic("E1002", message, at, "a run has one policy", help=help_))


def _chain(module: Checked, names: list[s.Ref]) -> dict[tuple[str, str], OwnPolicy] | None:
    """Each policy named, followed by those it extends, by file and name; None if one has errors."""
    chain: dict[tuple[str, str], OwnPolicy] = {}
    for named in names:
        where, name = module.home(named.name)
        while (key := (where.unit.path, name)) not in chain:
            own = _own(where, name)
            if own is None:
                return None
            chain[key] = own
            base = where.tables.policies[name].extends
            if base is None:
                break
            where, name = where.home(base.text)
    return chain


def _own(module: Checked, name: str) -> OwnPolicy | None:
    if module.parts is None or name not in module.parts.policies.sound:
        return None
    d, lower = module.tables.policies[name], module.parts.constants.lowering.lower
    values = dict(module.parts.policies.sound[name])
    label = f"{module.unit.label}.{name}" if module.unit.label else name
    priority = values.pop("priority", None)
    return OwnPolicy(
        rules=tuple(
            p.Rule(
                kind=rule.kind,  # type: ignore[arg-type]
                expr=lower(rule.expr),
                policy=label,
                because=(rule.because.plain or "") if rule.because else "",
            )
            for rule in d.rules
            if rule.kind not in _OBJECTIVES
        ),
        objectives=tuple(
            p.Objective(expr=lower(rule.expr), policy=label, maximize=rule.kind == "maximize")
            for rule in d.rules
            if rule.kind in _OBJECTIVES
        ),
        priority=None if priority is None else lower(priority),
        max_parallel=values.pop("max_parallel", None),
        settings=values,
    )


def _merged(chain: list[OwnPolicy]) -> p.Policy:
    """All guards of all policies; the objectives and settings of the first named, then those they extend."""
    settings: dict[str, object] = {}
    for own in reversed(chain):
        settings |= own.settings
    return p.Policy(
        rules=tuple(rule for own in chain for rule in own.rules),
        objectives=tuple(objective for own in chain for objective in own.objectives),
        priority=next((own.priority for own in chain if own.priority is not None), None),
        max_parallel=min((own.max_parallel for own in chain if own.max_parallel is not None), default=None),
        settings=dict(sorted(settings.items())),
    )
