"""The code files of a bundle: is the file of a task there, and does it have the function. Nothing is executed."""

from __future__ import annotations

import ast
import posixpath
import warnings
from collections.abc import Mapping
from functools import lru_cache

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.expressions.infer import Inference
from econda_edsl.diagnostics.spelling import did_you_mean


def split_entry(language: str, target: str) -> tuple[str, str]:
    """`file.py:function` as its two halves; a shell file has no function."""
    path, _, function = target.rpartition(":") if language == "python" and ":" in target else (target, "", "")
    return path, function


def check_entry(inference: Inference, run: s.Run, files: Mapping[str, bytes]) -> None:
    """Report a file that is not in the bundle, or a function that is not in the file."""
    assert run.target is not None
    assert run.target.plain is not None
    path, function = split_entry(run.language.text, run.target.plain)
    span = run.target.span
    if path != posixpath.normpath(path) or path.startswith(("/", "../")) or "\\" in path or path in ("", "."):
        help_ = 'write it relative to the pipeline file, with `/`: "lib/train.py:fit"'
        inference.report("E0209", f"`{path}` is not a path inside the bundle", span, "not allowed", help_)
        return
    if path not in files:
        code = sorted(f for f in files if not f.endswith((".edsl", ".lock")))
        help_ = did_you_mean(path, code) or (
            "the bundle has " + ", ".join(f"`{f}`" for f in code[:6])
            if code
            else "upload the pipeline and its code files together, as a .zip"
        )
        inference.report("E0209", f"the file `{path}` is not in the bundle", span, "no such file", help_)
        return
    if run.language.text == "python" and (function or ":" in run.target.plain):
        _check_function(inference, run.target, path, function, files[path])


def _check_function(inference: Inference, target: s.Text, path: str, function: str, code: bytes) -> None:
    names = _names(code)
    if isinstance(names, str):
        inference.report("E0210", f"`{path}` {names}", target.span, "cannot be read")
    elif function not in names:
        help_ = did_you_mean(function, names) or "write `def " + (function or "main") + "(…)` at the margin of the file"
        inference.report("E0210", f"`{path}` has no function `{function}`", target.span, "no such function", help_)


@lru_cache(maxsize=32)
def _names(code: bytes) -> frozenset[str] | str:
    """What a Python file defines, or why it cannot be read. Remembered: many tasks may be functions of one file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except SyntaxError as error:
        return f"is not Python: {error.msg} (line {error.lineno or 1})"
    except (ValueError, RecursionError, MemoryError):
        return "cannot be read as Python"
    return frozenset(_defined(tree))


def _defined(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {a.asname or a.name.split(".")[0] for a in aliases}
            case ast.Assign(targets=targets):
                names |= {t.id for t in targets if isinstance(t, ast.Name)}
            case _:
                pass
    return names
