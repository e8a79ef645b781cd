"""Dates and instants as text: reading, checking, shifting. No time zones but UTC, no clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from econda_edsl.evaluate.errors import EvaluationError

DAY_MS = 86_400_000


def read_date(text: str) -> str:
    """A checked `YYYY-MM-DD`. Raises `ValueError`."""
    if len(text) != 10:
        raise ValueError(text)
    return date.fromisoformat(text).isoformat()


def read_instant(text: str) -> str:
    """A checked instant in UTC, milliseconds only when there are any. Raises `ValueError`."""
    if len(text) < 11:
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant needs a time zone, such as Z")
    try:
        return _write(moment.astimezone(UTC))
    except OverflowError as error:
        raise ValueError(text) from error


def shift(moment: str, ms: int) -> str:
    """A date or instant moved by milliseconds; a date moves by whole days, the rest is dropped."""
    try:
        if len(moment) == 10:
            return (date.fromisoformat(moment) + timedelta(days=int(ms / DAY_MS))).isoformat()
        return _write(datetime.fromisoformat(moment) + timedelta(milliseconds=ms))
    except OverflowError:
        raise EvaluationError("a time is outside the years 1 to 9999") from None


def between(later: str, earlier: str) -> int:
    """Milliseconds from `earlier` to `later`, both dates or both instants."""
    if len(later) == 10:
        return (date.fromisoformat(later) - date.fromisoformat(earlier)).days * DAY_MS
    difference = datetime.fromisoformat(later) - datetime.fromisoformat(earlier)
    return difference // timedelta(milliseconds=1)


def _write(moment: datetime) -> str:
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")
