"""What settings say a call needs, as the plan says it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from econda_edsl.compiler import syntax as s
from econda_edsl.plan import Expr
from econda_edsl.words import prelude


def lower_needs(
    settings: Iterable[s.Setting], lower: Callable[[s.Expr], Expr]
) -> tuple[dict[str, Expr], tuple[str, ...]]:
    """The needs among checked settings by name, and the kinds of GPU, none when they name none."""
    given = {x.name.text: x.value for x in settings}
    needs = {name: given[name] for name in prelude.NEEDS if name in given}
    kinds: tuple[str, ...] = ()
    if "gpu" in needs:
        needs["gpu"], kinds = _gpu_parts(needs["gpu"])
    return {name: lower(value) for name, value in needs.items()}, kinds


def _gpu_parts(value: s.Expr) -> tuple[s.Expr, tuple[str, ...]]:
    if not isinstance(value, s.Binary) or value.op != "of":
        return value, ()
    kinds = value.right.items if isinstance(value.right, s.Items) else (value.right,)
    return value.left, tuple(k.name for k in kinds if isinstance(k, s.TypeRef))
