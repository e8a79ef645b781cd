"""The policies of a pipeline and those they extend, found in all modules, as one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from econda_edsl import plan as p
from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.module import Checked

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
    names = policy_names(d)
    chain = _chain(module, names)
    return None if not names or chain is None else _merged(chain)


def _chain(module: Checked, names: list[s.Ref]) -> list[OwnPolicy] | None:
    """Each policy named, followed by those it extends, none twice; None if one has errors."""
    chain: list[OwnPolicy] = []
    seen: set[tuple[str, str]] = set()
    for named in names:
        where, name = module.home(named.name)
        while (where.unit.path, name) not in seen:
            seen.add((where.unit.path, name))
            own = _own(where, name)
            if own is None:
                return None
            chain.append(own)
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
