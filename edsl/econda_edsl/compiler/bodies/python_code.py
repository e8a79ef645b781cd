"""What can be known of Python code without running it: that it is none, which names it binds and which nobody does.

Whatever could bind a name in a way that cannot be seen (`from x import *`, `exec`, `globals()` …) makes it say nothing.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from econda_edsl.compiler.bodies.parsing import tree_of

_ALWAYS = frozenset(dir(builtins)) | {
    "__name__", "__file__", "__doc__", "__builtins__", "__package__", "__spec__", "__loader__", "__annotations__",
    "__class__", "__debug__", "__path__", "__cached__", "__conditional_annotations__",
    # Of Pythons to come.
    "PythonFinalizationError", "_IncompleteInputError",
}  # fmt: skip
_HIDDEN = frozenset({"exec", "eval", "globals", "locals", "vars", "setattr", "__import__", "__builtins__", "__dict__"})
_MODULES = frozenset({"builtins", "__main__", "inspect", "importlib", "runpy", "ctypes", "gc"})
_HINTS = re.compile(rf"\b(?:{'|'.join(sorted(_HIDDEN | _MODULES))}|_getframe|modules)\b|import\s*\(?\s*\*")
_ENDS = frozenset({"exit", "quit", "_exit", "abort", "kill", "killpg", "raise_signal", "execv", "execve", "execvp", "execl", "execlp"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """Code that Python cannot read. Lines and columns count from 1."""

    message: str
    line: int
    column: int
    end_line: int = 0
    end_column: int = 0


@dataclass(frozen=True, slots=True)
class Unbound:
    """A name that is read, and that nothing binds."""

    name: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Code:
    """What is known of code. `unbound` are names read that neither it nor Python binds; `bound` those that it binds.

    `hides` whether it may bind names that cannot be seen; `returns` whether it may come to its end.
    """

    problem: Problem | None = None
    bound: frozenset[str] = frozenset()
    unbound: frozenset[str] = frozenset()
    hides: bool = False
    returns: bool = True


@lru_cache(maxsize=512)
def read_code(code: str) -> Code:
    """Remembered: a file is looked at for each task in it, and a body each time that its pipeline is edited."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
            compile(tree, "<task>", "exec", dont_inherit=True)
            table = symtable.symtable(code, "<task>", "exec")
    except SyntaxError as error:
        at = error.lineno or 1, error.offset or 1
        return Code(Problem(error.msg, *at, error.end_lineno or 0, error.end_offset or 0))
    except (ValueError, RecursionError, MemoryError) as error:
        return Code(Problem(str(error) or "too deep", 1, 1))
    bound = frozenset(_bound(table))
    hides = _HINTS.search(code) is not None and _hides(tree)
    return Code(None, bound, _read_names(table) - bound - _ALWAYS, hides, _returns(tree))


def needed_by(code: str, function: str) -> tuple[str, ...]:
    """What a function that a file, which is right, has at its margin has to be given by name.

    Nothing for one that is decorated or bound again: it may be another.
    """
    return _needs(code).get(function, ())


@lru_cache(maxsize=64)
def _needs(code: str) -> dict[str, tuple[str, ...]]:
    """All functions of a file at once: many tasks may call one each."""
    needs: dict[str, tuple[str, ...]] = {}
    bound: Counter[str] = Counter()
    tree = tree_of(code)
    for node in tree.body if tree is not None else ():
        bound.update({*_stored(node), *([node.name] if isinstance(node, _NAMED) else [])})
        if isinstance(node, ast.FunctionDef) and not node.decorator_list and not node.args.posonlyargs:
            needs[node.name] = _wanted(node.args)
    return {name: each for name, each in needs.items() if bound[name] == 1}


_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _wanted(args: ast.arguments) -> tuple[str, ...]:
    plain = [each.arg for each in args.args]
    needed = plain[: len(plain) - min(len(plain), len(args.defaults))]
    keyword = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    return (*needed, *(each.arg for each, default in keyword if default is None))


def _stored(node: ast.stmt) -> set[str]:
    """The names that a statement, or something in it, assigns."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def places(code: str, names: frozenset[str]) -> list[Unbound]:
    """Where code, which is right, first reads each of these names; not those read where a missing name is expected."""
    lines, left, found = code.split("\n"), set(names), list[Unbound]()
    tree = tree_of(code) if left else None
    for node in _read(tree) if tree is not None else ():
        if node.id in left:
            left.discard(node.id)
            found.append(Unbound(node.id, *_place(lines, node)))
    return found


def _read_names(table: symtable.SymbolTable) -> frozenset[str]:
    """The names that code reads, or something inside of it reads from outside of itself."""
    names = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    return frozenset(
        names.union(
            *({s.get_name() for s in t.get_symbols() if s.is_referenced() and s.is_global()} for t in _inside(table))
        )
    )


def _bound(table: symtable.SymbolTable) -> Iterator[str]:
    """The names that code binds at its top, also from inside of functions."""
    for symbol in table.get_symbols():
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
            yield symbol.get_name()
    for inner in _inside(table):
        for symbol in inner.get_symbols():
            if symbol.is_declared_global() and (symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()):
                yield symbol.get_name()


def _inside(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _inside(child)


def _place(lines: list[str], node: ast.Name) -> tuple[int, int]:
    """Line and column of a name. Inside of f-strings Python 3.11 tells others."""
    line = lines[node.lineno - 1]
    # The library counts bytes, an editor letters.
    column = len(line.encode("utf-8", "replace")[: node.col_offset].decode("utf-8", "replace"))
    if line[column : column + len(node.id)] == node.id:
        return node.lineno, column + 1
    name = re.compile(rf"\b{re.escape(node.id)}\b")
    for number, text in enumerate(lines[node.lineno - 1 : (node.end_lineno or node.lineno) + 1], node.lineno):
        if found := name.search(text):
            return number, found.start() + 1
    return node.lineno, column + 1


def _read(node: ast.AST, own: frozenset[str] = frozenset()) -> Iterator[ast.Name]:
    """The names that are read in the order of the text, but for types of hints, and where a missing name is expected.

    `own` are those that a function or comprehension around them binds.
    """
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id not in own:
            yield node
        return
    if isinstance(node, ast.Try) and any(_expects(handler) for handler in node.handlers):
        parts: list[ast.AST] = [*node.handlers, *node.orelse, *node.finalbody]
    elif isinstance(node, ast.AnnAssign):
        parts = [node.target, *([node.value] if node.value else [])]
    elif isinstance(node, ast.arg):
        return
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from (name for part in (*node.decorator_list, node.args) for name in _read(part, own))
        own, parts = own | _binds(node), list(node.body)
    elif isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        own, parts = own | _binds(node), list(ast.iter_child_nodes(node))
    else:
        parts = list(ast.iter_child_nodes(node))
    for part in parts:
        yield from _read(part, own)


def _binds(scope: ast.AST) -> frozenset[str]:
    """The names that a function or comprehension binds, those of what is inside of it too."""
    stored = {n.id for n in ast.walk(scope) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return frozenset(stored | {n.arg for n in ast.walk(scope) if isinstance(n, ast.arg)})


def _expects(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes the error of a name that nobody binds."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(not isinstance(k, ast.Name) or k.id in ("NameError", "Exception", "BaseException") for k in kinds)


def _hides(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in _HIDDEN:
                return True
            case ast.ImportFrom(names=names, module=module):
                if any(each.name == "*" for each in names) or (module or "").split(".")[0] in _MODULES:
                    return True
            case ast.Import(names=names) if any(each.name.split(".")[0] in _MODULES for each in names):
                return True
            case ast.Attribute(attr="modules" | "_getframe", value=ast.Name(id="sys")):
                return True
            case _:
                pass
    return False


def _returns(tree: ast.Module) -> bool:
    """Whether code may come to its end. It need not, if it raises or leaves its process somewhere at its top."""
    return not any(_leaves(statement) for statement in tree.body)


def _leaves(statement: ast.stmt) -> bool:
    match statement:
        case ast.Raise():
            return True
        case ast.While(test=ast.Constant(value=value), body=body) if value:
            return not any(isinstance(node, ast.Break) for part in body for node in ast.walk(part))
        case ast.With(body=body) | ast.AsyncWith(body=body) | ast.Try(body=body):
            return any(map(_leaves, body))
        case ast.Expr():
            return any(isinstance(node, ast.Call) and _called(node) in _ENDS for node in ast.walk(statement))
        case _:
            return False


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
