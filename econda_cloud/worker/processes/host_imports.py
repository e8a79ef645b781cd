"""Tells of modules at the moment when they have been loaded, before whoever imported them can change anything."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Collection
    from typing import Any


class Watcher:
    """A finder that finds nothing itself: of modules whose names are `wanted`, what another one finds tells `loaded`."""

    def __init__(self, wanted: Collection[str], loaded: Callable[[str, types.ModuleType], None]) -> None:
        self._wanted, self._loaded = wanted, loaded

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name not in self._wanted:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if finder is not self and find else None
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Told(spec.loader, self._loaded)
                return spec
        return None


class _Told:
    """A loader that says when it has loaded its module, and is then gone from it."""

    def __init__(self, loader: Any, loaded: Callable[[str, types.ModuleType], None]) -> None:
        self._loader, self._loaded = loader, loaded

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._loaded(module.__name__, module)
