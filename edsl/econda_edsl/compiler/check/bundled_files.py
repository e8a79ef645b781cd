"""Files of the bundle as defaults of a pipeline's inputs: `file("train.csv")`, `files("days/*.csv")`, `dir("images")`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.expressions.infer import Inference
from econda_edsl.compiler.types import model as t
from econda_edsl.diagnostics import Span
from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.words.prelude import FILES

MARK = "$bundled"
"""The key of the value that stands for files of the bundle in a plan."""

_WANTED = {"file": "File", "files": "List[File]", "dir": "Dir"}


def bundled(f: s.Field) -> tuple[str, s.Expr] | None:
    """`file`, `files` or `dir` and its argument, if that is how a default is written."""
    match f.default:
        case s.Apply(callee=s.Ref(name=name), args=(s.Argument(name=None, value=value),)) if name in FILES:
            return name, value
        case _:
            return None


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """The names that a pattern means, sorted: `*` and `?` stay inside of a folder, `**/` goes through any."""
    fits = _compiled(pattern).fullmatch
    return sorted(name for name in names if fits(name))


def inside(folder: str, names: Iterable[str]) -> list[str]:
    """The names that lie in a folder, however deep, sorted."""
    return sorted(name for name in names if name.startswith(f"{folder}/"))


def check_bundled(inference: Inference, f: s.Field, files: Mapping[str, bytes]) -> None:
    """Report a default that names no file of the bundle, or stands for another type. Notes what it names."""
    found = bundled(f)
    assert found is not None
    name, value = found
    wanted = inference.tables.fields.get(f, t.UNKNOWN)
    if not isinstance(value, s.Text) or value.plain is None:
        help_ = f'write `{name}("path/beside/the/pipeline")`'
        inference.report("E0308", "the name of a file of the bundle is a constant text", value.span, "not one", help_)
        return
    path = value.plain
    if not _fits(name, wanted):
        message = f"`{name}` gives {_WANTED[name]}, not {wanted.label}"
        help_ = f"write `{f.name.text}: {_WANTED[name]}`"
        inference.report("E0301", message, value.span, f"the input is {wanted.label}", help_)
    elif path != posixpath.normpath(path) or path.startswith(("/", "../")) or path in ("", ".") or "\\" in path:
        help_ = "write it relative to the pipeline file, with `/`; what lies elsewhere is given as a parameter"
        inference.report("E0209", f"`{path}` is not a path inside the bundle", value.span, "not allowed", help_)
    elif not _there(name, path, files):
        inference.report("E0209", *_absent(name, path, value, files))
    inference.tables.facts.bundled[f] = (name, path)


def _fits(name: str, wanted: t.Type) -> bool:
    inner = wanted.inner
    if not inner.known:
        return True
    if name == "files":
        return inner.kind == "list" and t.is_artifact(inner.element) and inner.element.label != "Dir"
    return (
        t.is_artifact(inner) and (name == "dir" or inner.label != "Dir") and (name == "file" or inner.label != "File")
    )


def _there(name: str, path: str, files: Mapping[str, bytes]) -> bool:
    match name:
        case "file":
            return path in files
        case "dir":
            return bool(inside(path, files))
        case _:
            return bool(matching(path, files))


def _absent(name: str, path: str, value: s.Text, files: Mapping[str, bytes]) -> tuple[str, Span, str, str]:
    if name == "files":
        return f"no file of the bundle matches `{path}`", value.span, "nothing matches", "`*` stays inside of a folder"
    what = "file" if name == "file" else "folder"
    help_ = did_you_mean(path, files) or f"put the {what} beside the pipeline file, or give it as a parameter"
    return f"the {what} `{path}` is not in the bundle", value.span, f"no such {what}", help_


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    meaning = {"**/": r"(?:[^/]+/)*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    return re.compile("".join(meaning.get(part) or re.escape(part) for part in parts))
