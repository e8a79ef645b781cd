"""Quantities and artifacts as Python types: `Size("8GiB")`, and `File` for a path that travels between tasks."""

from __future__ import annotations

import datetime as dt
from pathlib import PosixPath
from typing import Self

from econda_edsl.evaluate.quantities import READERS


class _Whole(int):
    """A whole number of a base unit, written with its unit: `Size("8GiB")`; raises `ValueError` for other text."""

    _kind = ""

    def __new__(cls, written: str | int = 0) -> Self:
        if isinstance(written, str):
            try:
                return super().__new__(cls, READERS[cls._kind](written))
            except ValueError:
                raise ValueError(
                    f"{written!r} is no {cls._kind}; write it as in EDSL, such as {_LIKE[cls._kind]}"
                ) from None
        return super().__new__(cls, written)


class Size(_Whole):
    """Bytes."""

    _kind = "Size"


class Money(_Whole):
    """Micro-dollars."""

    _kind = "Money"


class Rate(_Whole):
    """Micro-dollars per hour."""

    _kind = "Rate"


class Bandwidth(_Whole):
    """Bits per second."""

    _kind = "Bandwidth"


class Percent(float):
    """A fraction: `Percent("2.5%")` is 0.025. Raises `ValueError` for other text."""

    def __new__(cls, written: str | float = 0.0) -> Self:
        if isinstance(written, str):
            try:
                return super().__new__(cls, READERS["Percent"](written))
            except ValueError:
                raise ValueError(
                    f"{written!r} is no Percent; write it as in EDSL, such as {_LIKE['Percent']}"
                ) from None
        return super().__new__(cls, written)


class Duration(dt.timedelta):
    """A time: `Duration("90s")`; tasks get a `timedelta`. Raises `ValueError` for other text."""

    def __new__(cls, written: str) -> Self:
        try:
            return super().__new__(cls, milliseconds=READERS["Duration"](written))
        except ValueError:
            raise ValueError(f"{written!r} is no Duration; write it as in EDSL, such as {_LIKE['Duration']}") from None


class File(PosixPath):
    """A file that travels between tasks; a task gets and gives its path."""


class Dir(PosixPath):
    """A folder that travels between tasks."""


class Model(PosixPath):
    """A model, as a file or folder."""


class Metrics(PosixPath):
    """A file of metrics."""


class Table(PosixPath):
    """A file of rows."""


ARTIFACTS = (File, Dir, Model, Metrics, Table)
_LIKE = {"Size": "8GiB", "Money": "$5", "Rate": "$3/h", "Bandwidth": "10Gbps", "Percent": "2.5%", "Duration": "90min"}
