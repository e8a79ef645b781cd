"""Functions of lists and maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from econda_edsl.evaluate.errors import EvaluationError
from econda_edsl.evaluate.limits import bounded, some


def key_of(by: str | None) -> Callable[[Any], Any]:
    """What an element is ordered or grouped by: itself, or one of its fields."""

    def key(item: Any) -> Any:
        value = item if by is None else item[by]
        if value is None:
            raise EvaluationError("a missing value has no order")
        return value

    return key


def _sort(items: list[Any], by: str | None = None, reverse: bool = False) -> list[Any]:
    return sorted(items, key=key_of(by), reverse=reverse)


def _best(items: list[Any], by: str | None = None, lowest: bool = False) -> Any:
    """The first of the best elements."""
    return (min if lowest else max)(some(items, "best"), key=key_of(by))


def _extreme(name: str, choose: Callable[..., Any]) -> Callable[..., Any]:
    """The first element that is least or greatest, or has the least or greatest `by`."""

    def extreme(*args: Any, by: str | None = None) -> Any:
        return choose(some(args[0] if len(args) == 1 else list(args), name), key=key_of(by))

    return extreme


def _zip(a: list[Any], b: list[Any]) -> list[Any]:
    if len(a) != len(b):
        raise EvaluationError(f"`zip` of lists of {len(a)} and {len(b)} elements")
    return [{"first": x, "second": y} for x, y in zip(a, b, strict=True)]


def _enumerate(items: list[Any]) -> list[Any]:
    return [{"index": i, "value": item} for i, item in enumerate(items)]


def _product(a: list[Any], b: list[Any]) -> list[Any]:
    bounded(len(a) * len(b))
    return [{"first": x, "second": y} for x in a for y in b]


def _flatten(lists: list[list[Any]]) -> list[Any]:
    bounded(sum(map(len, lists)))
    return [item for inner in lists for item in inner]


def _transpose(rows: list[list[Any]]) -> list[list[Any]]:
    if not rows:
        return []
    width = len(rows[0])
    for i, row in enumerate(rows):
        if len(row) != width:
            raise EvaluationError(f"`transpose` of lists that differ in length: {width} and, at {i}, {len(row)}")
    bounded(width * len(rows))
    return [list(column) for column in zip(*rows, strict=True)]


def _count(name: str, count: int, least: int) -> int:
    if count < least:
        raise EvaluationError(f"`{name}` of {count} elements; it takes {least} or more")
    return count


def _take(items: list[Any], count: int) -> list[Any]:
    return items[: _count("take", count, 0)]


def _drop(items: list[Any], count: int) -> list[Any]:
    return items[_count("drop", count, 0) :]


def _chunk(items: list[Any], size: int) -> list[list[Any]]:
    _count("chunk", size, 1)
    return [items[i : i + size] for i in range(0, len(items), size)]


def _kind(value: Any) -> Any:
    """A value as a key: `true` is not 1."""
    return (value,) if isinstance(value, bool) else value


def _unique(items: list[Any], by: str | None = None) -> list[Any]:
    """The first of those that are equal, in their order."""
    key, found = key_of(by), dict[Any, Any]()
    for item in items:
        found.setdefault(_kind(key(item)), item)
    return list(found.values())


def _group_by(items: list[Any], by: str) -> list[Any]:
    """Groups in the order in which their keys first appear."""
    key, groups = key_of(by), dict[Any, dict[str, Any]]()
    for item in items:
        value = key(item)
        groups.setdefault(_kind(value), {"key": value, "values": []})["values"].append(item)
    return list(groups.values())


def _map_of(keys: list[str], values: list[Any]) -> dict[str, Any]:
    if len(keys) != len(values):
        raise EvaluationError(f"`map_of` of {len(keys)} keys and {len(values)} values")
    found: dict[str, Any] = {}
    for key, value in zip(keys, values, strict=True):
        if key is None:
            raise EvaluationError("a missing value is no key")
        if key in found:
            raise EvaluationError(f'`map_of` has the key "{key[:60]}" twice')
        found[key] = value
    return found


def _get(whole: Any, key: Any, *default: Any) -> Any:
    """What is there, else the default; missing without one."""
    there = key in whole if isinstance(whole, dict) else 0 <= key < len(whole)
    if there:
        return whole[key]
    return default[0] if default else None


LISTS: dict[str, Callable[..., Any]] = {
    "sort": _sort,
    "best": _best,
    "min": _extreme("min", min),
    "max": _extreme("max", max),
    "zip": _zip,
    "enumerate": _enumerate,
    "product": _product,
    "flatten": _flatten,
    "transpose": _transpose,
    "take": _take,
    "drop": _drop,
    "chunk": _chunk,
    "unique": _unique,
    "group_by": _group_by,
    "map_of": _map_of,
    "get": _get,
    "keys": lambda record: sorted(record),
    "values": lambda record: [record[key] for key in sorted(record)],
    "entries": lambda record: [{"key": key, "value": record[key]} for key in sorted(record)],
    "any": any,
    "all": all,
}
