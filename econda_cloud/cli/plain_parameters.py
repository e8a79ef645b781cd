"""Words of a command line as text, numbers, paths and flags, without pydantic, which typer would load for that.

It takes longer to load than `econda show` takes for all the rest. What is none of these is left to typer.
"""

from __future__ import annotations

from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import typer

_PLAIN = (str, bool, int, Path)


def make_plain(command: Any) -> None:
    """Let the parameters of a command, and of all below it, be read so. Versions of typer that know no such thing stay as they are."""
    for below in getattr(command, "commands", {}).values():
        make_plain(below)
    for param in command.params:
        _make_plain(param)
    made = command.get_help_option

    def help_option(ctx: Any) -> Any:
        """`--help`, which is made only when the words are read."""
        option = made(ctx)
        if option is not None:
            _make_plain(option)
        return option

    command.get_help_option = help_option


def _make_plain(param: Any) -> None:
    described = getattr(param, "type_descriptor", None)
    if described is None or not hasattr(param, "get_runtime_param"):
        return
    kind = _kind(described.annotation)
    if kind is not None and not _checked(described.parameter_info):
        plain = _Plain(kind, described.parameter_info)
        # Typer asks this public method of the parameter for whatever reads it; its own would load pydantic.
        param.get_runtime_param = lambda: plain


def _kind(annotation: Any) -> type | None:
    """The type of a value, or of each member of a list; None for any that is left to typer."""
    if get_origin(annotation) in (Union, UnionType):
        rest = [each for each in get_args(annotation) if each is not NoneType]
        return _kind(rest[0]) if len(rest) == 1 else None
    if get_origin(annotation) is list:
        return _kind(get_args(annotation)[0])
    return annotation if annotation in _PLAIN else None


def _checked(info: Any) -> bool:
    """Whether more is asked of the value than its type."""
    return any(getattr(info, name, None) for name in ("exists", "parser", "click_type", "resolve_path", "writable"))


class _Plain:
    """Reads one parameter, as typer's own would."""

    def __init__(self, kind: type, info: Any) -> None:
        self._kind, self._info = kind, info

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if param.multiple or param.nargs == -1:
            return [self._one(each, param, ctx) for each in value or ()]
        return None if value is None else self._one(value, param, ctx)

    def _one(self, value: Any, param: Any, ctx: Any) -> Any:
        if self._kind is bool:
            return _flag(value, param, ctx)
        if self._kind is not int:
            return self._kind(value)
        try:
            number = int(value)
        except ValueError:
            raise typer.BadParameter(f"{value!r} is not a valid integer.", ctx=ctx, param=param) from None
        least, most = self._info.min, self._info.max
        if (least is not None and number < least) or (most is not None and number > most):
            bounds = f"{'' if least is None else least}..{'' if most is None else most}"
            raise typer.BadParameter(f"{number} is not in the range {bounds}.", ctx=ctx, param=param)
        return number


def _flag(value: Any, param: Any, ctx: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"1": True, "true": True, "t": True, "yes": True, "y": True, "on": True,
             "0": False, "false": False, "f": False, "no": False, "n": False, "off": False, "": False}  # fmt: skip
    if str(value).strip().lower() in known:
        return known[str(value).strip().lower()]
    raise typer.BadParameter(f"{value!r} is not a valid boolean.", ctx=ctx, param=param)
