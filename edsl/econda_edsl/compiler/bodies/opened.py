"""Files that code reads by a name written in it. Each task runs in an empty folder of its own, so there are none of them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from econda_edsl.compiler.bodies.parsing import tree_of

_READERS = re.compile(
    r"read\w*|load\w*|imread|genfromtxt|fromfile|open_dataset|scan_\w+|from_(?:file|csv|json|parquet)"
)
_OF_PATH = frozenset({"read_text", "read_bytes", "iterdir", "glob", "rglob", "exists", "is_file", "stat"})
_LONGEST = 300
_WORD = re.compile(r"(?<![\w./$}=-])(?:\./)?[A-Za-z0-9_][\w.-]*(?:/[\w.-]+)*")
_WRITES = re.compile(r"(?:>|\btee\b|\s-o|--out\w*[= ]|\btouch\b|\bmkdir\b)[\s\"']*$")


class Opened(NamedTuple):
    """A name that code reads a file by. Line and column count from 1."""

    name: str
    line: int
    column: int


@lru_cache(maxsize=256)
def opened_by_python(code: str) -> tuple[Opened, ...]:
    """The relative names that Python code reads and does nothing else with; nothing for what is no Python."""
    tree = tree_of(code)
    if tree is None:
        return ()
    read, lines = list(_read(tree)), code.split("\n")
    texts = Counter(n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    reads = Counter(node.value for node in read)
    return tuple(
        Opened(node.value, node.lineno, _column(lines[node.lineno - 1], node.col_offset))
        for node in read
        if isinstance(node.value, str) and texts[node.value] == reads[node.value] and _relative(node.value)
    )


@lru_cache(maxsize=256)
def imported_by_python(code: str) -> tuple[Opened, ...]:
    """The first parts of the modules that Python code imports by their full names; nothing for what is no Python."""
    tree = tree_of(code)
    if tree is None:
        return ()
    found: dict[str, Opened] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [each.name for each in node.names]
        else:
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        for module in modules:
            name = module.split(".")[0]
            found.setdefault(name, Opened(name, getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1))
    return tuple(found.values())


def opened_by_shell(code: str) -> Iterator[Opened]:
    """The words of shell code that may be names of files, but for those that it writes to."""
    for number, line in enumerate(code.split("\n"), 1):
        text = line.split(" #")[0] if not line.lstrip().startswith("#") else ""
        for match in _WORD.finditer(text):
            if ("." in match[0] or "/" in match[0]) and not _WRITES.search(text[: match.start()]):
                yield Opened(match[0], number, match.start() + 1)


def _read(tree: ast.Module) -> Iterator[ast.Constant]:
    """The constants by which something is read."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        first = node.args[0] if node.args else None
        match node.func:
            case (
                ast.Name(id="open")
                | ast.Attribute(attr="open", value=ast.Name(id="io" | "gzip" | "bz2" | "lzma" | "codecs"))
            ):
                if isinstance(first, ast.Constant) and _only_reads(node):
                    yield first
            case ast.Attribute(attr=name, value=ast.Call(func=made, args=[ast.Constant() as path, *_])) if (
                name in _OF_PATH
            ):
                if _name_of(made) in ("Path", "PurePath", "PosixPath"):
                    yield path
            case ast.Name(id=name) | ast.Attribute(attr=name) if _READERS.fullmatch(name) and isinstance(
                first, ast.Constant
            ):
                yield first
            case _:
                pass


def _only_reads(call: ast.Call) -> bool:
    mode = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "mode"), None)
    return mode is None or (isinstance(mode, ast.Constant) and not set(str(mode.value)) & set("wax+"))


def _name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _relative(name: str) -> bool:
    return 0 < len(name) < _LONGEST and not name.startswith(("/", "~", "\\")) and "://" not in name and "\0" not in name


def _column(line: str, offset: int) -> int:
    """The library counts bytes, an editor letters."""
    return len(line.encode("utf-8", "replace")[:offset].decode("utf-8", "replace")) + 1
