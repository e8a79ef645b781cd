"""The source of a function with what it needs of its file: imports, constants and other functions."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """`needed` is the source of what the function uses; `missing` are imports of Airflow, which is not there."""

    name: str
    needed: str
    source: str
    missing: tuple[str, ...]


def code_of(function: ast.FunctionDef, module: ast.Module) -> Code:
    """The function without decorators, and the definitions of its module that it reaches, in their order."""
    defined = {name: node for node in module.body for name in _defines(node)}
    needed: dict[int, ast.stmt] = {}
    missing: list[str] = []
    waiting = list(_reads(function))
    while waiting:
        node = defined.get(waiting.pop())
        if node is None or node is function or id(node) in needed:
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            if _of_airflow(node):
                missing += [alias.name for alias in node.names]
                continue
        else:
            waiting += _reads(node)
        needed[id(node)] = node
    ordered = [node for node in module.body if id(node) in needed]
    plain = copy.deepcopy(function)
    plain.decorator_list = []
    # Hints may name what is not there; nothing reads them.
    for each in ast.walk(plain.args):
        if isinstance(each, ast.arg):
            each.annotation = None
    plain.returns = None
    source = "\n".join(ast.unparse(node) for node in ordered)
    return Code(function.name, source, ast.unparse(plain), tuple(dict.fromkeys(missing)))


def inner_imports(function: ast.FunctionDef) -> Iterator[str]:
    """Imports of Airflow inside a function."""
    for node in ast.walk(function):
        if isinstance(node, ast.Import | ast.ImportFrom) and _of_airflow(node):
            yield ast.unparse(node)


def returns_value(function: ast.FunctionDef) -> bool:
    """Whether a function returns something itself; functions inside it do not count."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            return not (isinstance(node.value, ast.Constant) and node.value.value is None)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)
    return False


def _of_airflow(node: ast.Import | ast.ImportFrom) -> bool:
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    return any(name.split(".")[0] == "airflow" for name in names)


def _defines(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return [alias.asname or alias.name.split(".")[0] for alias in aliases]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _reads(node: ast.AST) -> list[str]:
    skipped: set[int] = set()
    if isinstance(node, ast.FunctionDef):
        hints = [
            *node.decorator_list,
            node.returns,
            *(a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg)),
        ]
        skipped = {id(inner) for hint in hints if hint is not None for inner in ast.walk(hint)}
    return [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in skipped]
