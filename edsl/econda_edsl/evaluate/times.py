"""Dates and instants as text: reading, checking, shifting. No time zones but UTC, no clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from econda_edsl.evaluate.errors import EvaluationError
from econda_edsl.evaluate.limits import bounded

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


def day_of(instant: str) -> str:
    """The Date, in UTC, of an Instant."""
    return instant[:10]


def start_of(day: str) -> str:
    """The Instant, in UTC, at which a Date begins."""
    return f"{day}T00:00:00Z"


def days(first: str, last: str) -> list[str]:
    """All days from the first to the last, both included; none if the last comes before."""
    start, end = date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal()
    bounded(end - start + 1)
    return [date.fromordinal(day).isoformat() for day in range(start, end + 1)]


_CUT = {"year": 0, "month": 1, "week": 2, "day": 2, "hour": 3, "minute": 4, "second": 5}
"""How many parts of a time stay as they are, after the year."""
UNITS = tuple(_CUT)


def truncate(moment: str, unit: str) -> str:
    """The start of the year, month, week (Monday), day, hour, minute or second in which a time lies."""
    if unit not in _CUT:
        raise EvaluationError(f"a time is cut to one of {', '.join(_CUT)}, not `{unit[:40]}`")
    if len(moment) == 10:
        day = date.fromisoformat(moment)
        return _first_day(day, unit).isoformat()
    when = datetime.fromisoformat(moment)
    day = _first_day(when.date(), unit)
    clock = [when.hour, when.minute, when.second][: max(0, _CUT[unit] - 2)]
    return _write(datetime(day.year, day.month, day.day, *clock, tzinfo=UTC))


def _first_day(day: date, unit: str) -> date:
    if unit == "week":
        # The very first day is a Monday, so that no week begins before it.
        return day - timedelta(days=day.weekday())
    return day.replace(month=1, day=1) if unit == "year" else day.replace(day=1) if unit == "month" else day


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
