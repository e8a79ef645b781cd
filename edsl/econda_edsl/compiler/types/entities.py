"""What stands in a scope without being declared: `run`, `node`, and the entities that policies can name."""

from __future__ import annotations

from econda_edsl.compiler.types import model as t
from econda_edsl.words import prelude


def _attribute(text: str) -> t.Type:
    kind = t.LABELS if text == "Labels" else t.BUILTIN[text.removesuffix("?")]
    return t.optional(kind) if text.endswith("?") else kind


ENTITIES: dict[str, t.Type] = {
    name: t.record({k: _attribute(v) for k, v in attributes.items()}, name)
    for name, attributes in prelude.POLICY_ENTITIES.items()
}

RUN = t.record({k: t.BUILTIN[v] for k, v in prelude.RUN_ATTRIBUTES.items()}, "run")
HANDLED = t.record({k: t.BUILTIN[v] for k, v in prelude.HANDLER_ATTRIBUTES.items()}, "run")
NODE = t.record(
    {k: t.optional(t.BUILTIN[v[:-1]]) if v.endswith("?") else t.BUILTIN[v] for k, v in prelude.NODE_ATTRIBUTES.items()},
    "node",
)
