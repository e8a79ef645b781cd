"""What to say when a type does not fit."""

from __future__ import annotations

from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types import signatures
from econda_edsl.compiler.types.model import Type
from econda_edsl.evaluate import quantities
from econda_edsl.words.other_languages import quantity_in_edsl

_UNIT_HELP = {"Size": "16GiB", "Duration": "30min", "Money": "$5", "Rate": "$2/h", "Percent": "20%",
              "Bandwidth": "1Gbps"}  # fmt: skip


def advice(found: Type, wanted: Type) -> str:
    if found.kind == "none" and wanted.known:
        return f"`{wanted.label}?` may be missing, `{wanted.label}` may not" if wanted.kind != "choice" else ""
    if (found, wanted) == (t.RATE, t.MONEY):
        return "a rate becomes money over a time: `$2/h * 30min`"
    if (found, wanted) == (t.MONEY, t.RATE):
        return "say per what time: `$2/h`"
    if wanted.inner == t.PERCENT and t.is_number(found):
        return "write it as `20%`; `x * 100%` makes a Percent of a number, and 20% of 0.2"
    if wanted.inner == t.FLOAT and found == t.PERCENT:
        return "`p / 100%` makes a number of a Percent, and 0.2 of 20%"
    if wanted.inner.label in _UNIT_HELP and t.is_number(found):
        return f"write it with a unit, such as `{_UNIT_HELP[wanted.inner.label]}`"
    if found.loop:
        return of_a_loop(found) if wanted.inner.kind == "list" else ""
    if found.kind == "record" and wanted.inner.kind not in ("record", "map"):
        fits = [k for k, v in found.fields.items() if t.assignable(v, wanted)]
        if fits:
            return f"use its part `.{fits[0]}`"
    if wanted == t.INT and found in (t.FLOAT, t.PERCENT):
        return "round it: `round(…)`, `floor(…)` or `ceil(…)`"
    text = found.choices[0] if found.kind == "choice" and len(found.choices) == 1 else ""
    if text and reads_as(text, wanted.inner.label):
        return f"write it without quotes: `{text}`"
    if text and (meant := quantity_in_edsl(text, wanted.inner.label)):
        return f"write `{meant}`, without quotes"
    if wanted.inner.kind == "list" and t.assignable(found, wanted.inner.element) and found.known:
        shown = found.label if text else "…"
        return f"write a list, also of one: `[{shown}]`"
    if wanted == t.STRING and signatures.showable(found):
        return 'put it into a string: `"{x}"`'
    return ""


def of_a_loop(found: Type) -> str:
    """How to come by the values of a loop where it stands for them; empty of anything else."""
    return "use `.done` for the gathered values" if found.loop else ""


def reads_as(text: str, label: str) -> bool:
    """Whether a text is how a constant of a type is written."""
    if label == "Bool":
        return text in ("true", "false")
    reader = {"Int": quantities.read_int, "Float": float, **quantities.READERS}.get(label)
    try:
        return reader is not None and reader(text) is not None
    except ValueError:
        return False


def differences(found: Type, wanted: Type) -> tuple[str, ...]:
    """For two records, or lists of them, what differs, field by field."""
    if found.kind == wanted.inner.kind == "list":
        return differences(found.element, wanted.inner.element)
    if found.kind != "record" or wanted.inner.kind != "record":
        return ()
    have, need = found.fields, wanted.inner.fields
    out = [f"`{k}` is missing" for k in need if k not in have]
    out += [f"`{k}` is not a field of {wanted.inner.label}" for k in have if k not in need]
    out += [
        f"`{k}` is {have[k].label}, needs {need[k].label}"
        for k in need
        if k in have and not t.assignable(have[k], need[k])
    ]
    return tuple(out[:6])
