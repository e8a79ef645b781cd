"""Which files of the bundle the code of a task can reach: those that it names, and those that these import.

Found without running anything. Code that may reach files in a way that cannot be seen reaches all of them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from econda_edsl.compiler.bodies.parsing import tree_of

_UNSEEN = frozenset({
    "exec", "eval", "compile", "__file__", "__path__", "__spec__", "__loader__", "__import__", "_getframe",
    "addsitedir", "meta_path", "path_hooks", "get_data", "open_code", "getsourcefile", "getsource", "read_pickle", "allow_pickle",
})  # fmt: skip
"""Names that reach code or files by a text."""
_LOADERS = frozenset({
    "importlib", "imp", "runpy", "pkgutil", "zipimport", "pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "inspect",
    "site", "code", "codeop", "pkg_resources", "hydra", "skops", "mlflow",
})  # fmt: skip
"""Modules that import others by a text, such as those of the classes that are read from a file."""
_OF_SYS = frozenset({"path", "modules", "argv", "path_importer_cache"})
_ITSELF = re.compile(r"\$\{?0|BASH_SOURCE|\$_\b")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, slots=True)
class _Import:
    """`from <level dots><module> import <names>`; a plain import has no names."""

    module: str
    names: tuple[str, ...] = ()
    level: int = 0


@dataclass(frozen=True, slots=True)
class _Mentions:
    """What Python code imports, and the texts in it; `unseen` if it may reach more than that."""

    imports: tuple[_Import, ...] = ()
    texts: frozenset[str] = frozenset()
    unseen: bool = False


def reached(language: str, code: str, files: Mapping[str, bytes]) -> tuple[str, ...] | None:
    """The files that an inline body can reach, sorted; None if it may reach any. Only Python finds the bundle at all."""
    if language != "python":
        return ()
    return _closed(_mentions(code), "", files, set())


def reached_from(language: str, path: str, files: Mapping[str, bytes]) -> tuple[str, ...] | None:
    """The same for a file that is run, or of which a function is called; itself is one of them."""
    data = files.get(path)
    if data is None:
        return None
    if language == "python":
        # It is imported by its name, and so are the packages that it lies in.
        packages = _Mentions(imports=(_Import(path.rpartition("/")[0].replace("/", ".")),))
        around = _closed(packages, "", files, set())
        own = _closed(_mentions(_text(data)), path, files, {path})
        return None if own is None or around is None else tuple(sorted({*own, *around}))
    return None if _ITSELF.search(_text(data)) else (path,)


def imported(language: str, code: str, path: str, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The files of Python that code in the file `path` (empty for an inline body) imports, and those that these import.

    Unlike what it can reach, these are imported for certain by their names.
    """
    if language != "python":
        return ()
    waiting, found = [(code, path)], set[str]()
    while waiting:
        text, place = waiting.pop()
        imports = _Mentions(imports=_mentions(text).imports)
        for name in _named(imports, place, files):
            if name not in found and name.endswith(".py"):
                found.add(name)
                waiting.append((_text(files[name]), name))
    return tuple(sorted(found - {path}))


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace")


def _closed(first: _Mentions, path: str, files: Mapping[str, bytes], found: set[str]) -> tuple[str, ...] | None:
    waiting = [(first, path)]
    while waiting:
        mentions, place = waiting.pop()
        if mentions.unseen:
            return None
        for name in _named(mentions, place, files):
            if name not in found:
                found.add(name)
                if name.endswith(".py"):
                    waiting.append((_mentions(_text(files[name])), name))
    return tuple(sorted(found))


def _named(mentions: _Mentions, place: str, files: Mapping[str, bytes]) -> Iterator[str]:
    """The files that code in the file `place` names or imports itself."""
    for each in mentions.imports:
        base = _package(place, each.level) if each.level else []
        yield from _imported([*base, *filter(None, each.module.split("."))], each.names, files)
    for text in mentions.texts:
        path = text.split(":")[0].removeprefix("./")
        if path in files:
            yield path
            yield from _imported(path.split("/")[:-1], (), files)
        elif _MODULE.fullmatch(path):
            yield from _imported(path.split("."), (), files)


def _package(place: str, level: int) -> list[str]:
    """The folders that so many dots mean in a file."""
    folders = place.split("/")[:-1]
    return folders[: len(folders) - (level - 1)] if level > 1 else folders


def _imported(parts: list[str], names: tuple[str, ...], files: Mapping[str, bytes]) -> Iterator[str]:
    for size in range(1, len(parts) + 1):
        yield from _module("/".join(parts[:size]), files)
    prefix = "".join(f"{part}/" for part in parts)
    if "*" in names:
        yield from (name for name in files if name.startswith(prefix) and "/" not in name[len(prefix) :] and prefix)
    for name in names:
        yield from _module(f"{prefix}{name}", files)


def _module(path: str, files: Mapping[str, bytes]) -> Iterator[str]:
    yield from (name for name in (f"{path}.py", f"{path}/__init__.py") if name in files)


@lru_cache(maxsize=1024)
def _mentions(code: str) -> _Mentions:
    tree = tree_of(code)
    if tree is None:
        return _Mentions(unseen=True)
    imports, texts, unseen = list[_Import](), set[str](), False
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                imports += [_Import(each.name) for each in names]
                unseen = unseen or any(each.name.split(".")[0] in _LOADERS for each in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                imports.append(_Import(module or "", tuple(each.name for each in names), level))
                unseen = unseen or (not level and (module or "").split(".")[0] in _LOADERS)
                unseen = unseen or (module == "sys" and any(each.name in _OF_SYS for each in names))
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=name) if name in _UNSEEN:
                unseen = True
            case ast.Attribute(attr=name, value=ast.Name(id="sys")) if name in _OF_SYS:
                unseen = True
            case ast.Attribute(attr="load", value=ast.Name(id="torch" | "np" | "numpy")):
                unseen = True
            case ast.Constant(value=str(text)) if len(text) < 200:
                texts.add(text)
            case _:
                pass
    return _Mentions(tuple(imports), frozenset(texts), unseen)
