"""The policy of a pipeline: what its `policy` setting names, found in all modules."""

from __future__ import annotations

from econda_edsl import plan as p
from econda_edsl import syntax as s
from econda_edsl.check_policies import Lowered
from econda_edsl.checked import Checked
from econda_edsl.merge_policies import Key, merged


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
    if not names:
        return None

    def key(where: Checked, name: str) -> Key:
        home, there = where.home(name)
        return home.unit.path, there

    def find(wanted: Key) -> tuple[Lowered, Key | None] | None:
        home = module.modules[wanted[0]]
        own = home.parts.policies.lowered.get(wanted[1]) if home.parts else None
        if own is None:
            return None
        base = home.tables.policies[wanted[1]].extends
        return own, None if base is None else key(home, base.text)

    return merged([key(module, name.name) for name in names], find)
