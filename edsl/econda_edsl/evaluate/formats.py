"""Values as text of a given width, and times by a pattern."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

from econda_edsl.evaluate.errors import EvaluationError
from econda_edsl.evaluate.limits import LONGEST
from econda_edsl.evaluate.text import show

DIGITS_MOST = 100
_NUMBERS = frozenset({"Int", "Float", "Percent"})
_EXACT = Context(prec=1_000, rounding=ROUND_HALF_EVEN)
_PARTS: dict[str, Callable[[date], str]] = {
    "Y": lambda t: f"{t.year:04d}",
    "y": lambda t: f"{t.year % 100:02d}",
    "m": lambda t: f"{t.month:02d}",
    "d": lambda t: f"{t.day:02d}",
    "j": lambda t: f"{t.timetuple().tm_yday:03d}",
    "G": lambda t: f"{t.isocalendar().year:04d}",
    "V": lambda t: f"{t.isocalendar().week:02d}",
    "u": lambda t: str(t.isoweekday()),
    "H": lambda t: f"{_clock(t).hour:02d}",
    "M": lambda t: f"{_clock(t).minute:02d}",
    "S": lambda t: f"{_clock(t).second:02d}",
    "%": lambda _: "%",
}
"""Parts of a time that are the same in every language."""


def format_value(
    value: object, kind: str, *, width: int = 0, digits: int | None = None, fill: str = " ", **pattern: str
) -> str:
    """A value of a type as text, at least so wide: numbers and quantities stand to the right, other text to the left.

    `digits` after the point are for numbers; `as` is the pattern of a Date or Instant.
    """
    if not 0 <= width <= LONGEST:
        raise EvaluationError(f"`width` is from 0 to {LONGEST:,}")
    if len(fill) != 1:
        raise EvaluationError("`fill` is one character")
    if "as" in pattern:
        text = moment_text(str(value), pattern["as"])
    elif digits is not None:
        text = _rounded(value, kind, digits)
    else:
        text = show(value, kind)
    if kind in ("String", "Bool", "Date", "Instant"):
        return text + fill * (width - len(text))
    sign, text = (text[0], text[1:]) if fill == "0" and text.startswith("-") else ("", text)
    return sign + fill * (width - len(sign) - len(text)) + text


def _rounded(value: object, kind: str, digits: int) -> str:
    if not 0 <= digits <= DIGITS_MOST:
        raise EvaluationError(f"`digits` is from 0 to {DIGITS_MOST}")
    if kind not in _NUMBERS or not isinstance(value, int | float):
        raise EvaluationError("`digits` are of numbers")
    exact = Decimal(repr(value)) * 100 if kind == "Percent" else Decimal(value)
    text = f"{exact.quantize(Decimal(1).scaleb(-digits), context=_EXACT):f}"
    return f"{text}%" if kind == "Percent" else text


def moment_text(moment: str, pattern: str) -> str:
    """A Date or Instant by a pattern such as `%Y-%m-%d`. Raises `EvaluationError` for a part that it does not have."""
    when: date = date.fromisoformat(moment) if len(moment) == 10 else datetime.fromisoformat(moment)
    out, letters = [], iter(pattern)
    for letter in letters:
        if letter != "%":
            out.append(letter)
            continue
        part = next(letters, "")
        if part not in _PARTS:
            known = " ".join(f"%{each}" for each in _PARTS)
            raise EvaluationError(f"a time has no part `%{part}`; it has {known}")
        out.append(_PARTS[part](when))
    return "".join(out)


def _clock(moment: date) -> datetime:
    if not isinstance(moment, datetime):
        raise EvaluationError("a Date has no hours, minutes and seconds")
    return moment
