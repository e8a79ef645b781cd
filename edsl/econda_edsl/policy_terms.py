"""What policies can name: the entities of `prelude.POLICY_ENTITIES` as types."""

from __future__ import annotations

from econda_edsl import prelude
from econda_edsl import types as t


def _attribute(text: str) -> t.Type:
    kind = t.LABELS if text == "Labels" else t.BUILTIN[text.removesuffix("?")]
    return t.optional(kind) if text.endswith("?") else kind


ENTITIES: dict[str, t.Type] = {
    name: t.record({k: _attribute(v) for k, v in attributes.items()}, name)
    for name, attributes in prelude.POLICY_ENTITIES.items()
}
