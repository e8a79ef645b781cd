"""Names through a module, made one name: `ml.suggest` and `orders_db.read` become references of their own.

Nothing is bound twice, so a name that stands for a module or a connector never stands for anything else, and the
rewriting needs no scopes.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from msgspec import structs

from econda_edsl.compiler import syntax as s


def qualify(program: s.Program, aliases: AbstractSet[str]) -> s.Program:
    """The program with `alias.name` as one reference, for aliases of modules and names of connectors."""
    if not aliases:
        return program
    return s.Program(program.edition, tuple(_rewrite(d, aliases) for d in program.declarations))


def own_aliases(program: s.Program) -> set[str]:
    """The names through which a program reaches into a module or connector that it names itself."""
    return {
        d.name.text
        for d in program.declarations
        if isinstance(d, s.ImportModule) or (isinstance(d, s.Resource) and d.kind == "connector")
    }


def _rewrite(node: Any, aliases: AbstractSet[str]) -> Any:
    """The same object where nothing changes, so that syntax keeps its identity."""
    if isinstance(node, tuple):
        parts = tuple(_rewrite(part, aliases) for part in node)
        return node if all(a is b for a, b in zip(node, parts, strict=True)) else parts
    if not isinstance(node, s.Syntax) or isinstance(node, s.Name):
        return node
    if isinstance(node, s.Member) and isinstance(node.base, s.Ref) and node.base.name in aliases and not node.optional:
        name = f"{node.base.name}.{node.name.text}"
        return s.TypeRef(node.span, name) if node.name.text[0].isupper() else s.Ref(node.span, name)
    changed = {}
    for name in node.__struct_fields__:
        before = getattr(node, name)
        if isinstance(before, tuple | s.Syntax):
            after = _rewrite(before, aliases)
            if after is not before:
                changed[name] = after
    return structs.replace(node, **changed) if changed else node
