"""What an attempt may have patched in modules that all attempts of a process share, put back before the next one.

By a copy of the names of each module and of its classes, taken before a task runs, or when the attempt that is first to import
it has loaded it. Patches of other modules are not found; `isolation = process` is for tasks that need them.
"""

from __future__ import annotations

import gc
import sys
import types
import warnings

from host_imports import Watcher  # pyright: ignore[reportMissingImports]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

COMMON = (
    "builtins", "sys", "os", "time", "math", "itertools", "io", "re", "functools", "collections", "json", "json.encoder",
    "json.decoder", "random", "datetime", "decimal", "warnings", "threading", "logging", "copy", "string", "pathlib",
    "subprocess", "socket", "signal", "gc",
)  # fmt: skip
"""The parent of all hosts may have imported them in advance; all are watched from when they are loaded."""

_WATCHED = (
    *COMMON, "posixpath", "heapq", "bisect", "fractions", "statistics", "pickle", "base64", "hashlib", "uuid", "getpass", "glob",
    "shutil", "tempfile", "csv", "platform", "queue", "ssl", "urllib.parse", "urllib.request", "http.client", "zoneinfo",
    "calendar", "html", "configparser", "sqlite3", "mimetypes",
    "asyncio.events",
)  # fmt: skip
"""What is compared after each attempt, so no module that few patch and all have loaded."""

_HEAP_TYPE = 1 << 9
"""Py_TPFLAGS_HEAPTYPE."""

_NOT_OF_TASKS = frozenset({"path_importer_cache", "last_type", "last_value", "last_traceback", "last_exc", "_"})
"""Of `sys`: what the interpreter itself sets as it goes on."""


class Patches:
    """The names of the watched modules as they were when this was made."""

    def __init__(self) -> None:
        self._modules: dict[str, types.ModuleType] = {}
        self._names: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._classes: list[tuple[type, Mapping[str, Any], dict[str, Any]]] = []
        self._unwatched = set(_WATCHED)
        self._watch_loaded()
        sys.meta_path.insert(0, Watcher(self._unwatched, self._watch))
        shared = [sys.path, sys.meta_path, sys.path_hooks, sys.argv, warnings.filters, gc.callbacks]
        self._lists = [(each, list(each)) for each in shared]

    def undo(self, own: str) -> bool:
        """Put the names back; False if a module that was just imported has something in it of the task's `own` folder."""
        for names, before in self._names:
            if not _same(names, before):
                _restore(names, before)
        changed = [(each, before) for each, names, before in self._classes if not _same(names, before)]
        whole = all(_restore_class(each, before) for each, before in changed)
        for each, before in self._lists:
            if each != before:
                each[:] = before
                _forget_warned()
        for name, module in self._modules.items():
            sys.modules[name] = module
        # Of all that is new, so that all of it is watched from now on.
        mixed = [name for name in self._watch_loaded() if _has_own(sys.modules[name], own)]
        return whole and not mixed

    def _watch_loaded(self) -> list[str]:
        """Watch what has been imported since; its names."""
        found = [name for name in self._unwatched if name in sys.modules]
        for name in found:
            self._watch(name, sys.modules[name])
        return found

    def _watch(self, name: str, module: types.ModuleType) -> None:
        self._unwatched.discard(name)
        self._modules[name] = module
        self._names.append((vars(module), dict(vars(module))))
        self._classes += [(each, vars(each), dict(vars(each))) for each in _classes_of(module)]


def _has_own(module: types.ModuleType, own: str) -> bool:
    """Whether a module is made up, or a name of it means a function or class of the program or of the task's own files."""
    if getattr(module, "__spec__", None) is None:
        return True
    values = [*vars(module).values(), *(value for each in _classes_of(module) for value in vars(each).values())]
    for value in values:
        made = getattr(value, "__module__", None) if isinstance(value, types.FunctionType | type) else None
        if made == "__main__" or (made is not None and own and _lies_in(sys.modules.get(made), own)):
            return True
    return False


def _classes_of(module: types.ModuleType) -> list[type]:
    """The classes of a module that can be patched, which those written in C cannot."""
    found = [each for each in vars(module).values() if isinstance(each, type) and each.__flags__ & _HEAP_TYPE]
    return [each for each in found if each.__module__ == module.__name__]


def _lies_in(module: types.ModuleType | None, folder: str) -> bool:
    return str(getattr(module, "__file__", None) or "").startswith(f"{folder}/")


def _forget_warned() -> None:
    """Filters of warnings are looked at again only when their module is told."""
    for name in ("_filters_mutated", "_filters_mutated_lock_held"):
        if told := getattr(sys.modules.get("warnings"), name, None):
            told()


def _same(names: Mapping[str, Any], before: dict[str, Any]) -> bool:
    try:
        return bool(names == before)
    except Exception:
        # Something that cannot be compared has taken a place.
        return False


def _restore(names: dict[str, Any], before: dict[str, Any]) -> None:
    for name in [name for name in names if name not in before and name not in _NOT_OF_TASKS]:
        # A module of a package becomes a name of it once it is imported, and is to stay one.
        if not isinstance(names[name], types.ModuleType):
            del names[name]
    for name, value in before.items():
        if names.get(name, names) is not value:
            names[name] = value


def _restore_class(patched: type, before: dict[str, Any]) -> bool:
    """Put the names of a class back; False if one of them stays as it is."""
    now = vars(patched)
    try:
        for name in [name for name in now if name not in before]:
            delattr(patched, name)
        for name, value in before.items():
            if now.get(name, before) is not value:
                setattr(patched, name, value)
    except (AttributeError, TypeError):
        return False
    return True


def forget_modules(folder: str, known: set[str]) -> None:
    """Make the next attempt import anew what came from the task's own `folder`, or from nowhere.

    `known` are the names of modules that stay, and gets those of packages. Extension modules stay: most cannot be loaded
    twice.
    """
    for name in sys.modules.keys() - known:
        module = sys.modules[name]
        places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", ())]
        own = bool(folder) and any(f"{place}/".startswith(f"{folder}/") for place in places)
        if getattr(module, "__spec__", None) is None or (own and not places[0].endswith(".so")):
            del sys.modules[name]
        else:
            known.add(name)
