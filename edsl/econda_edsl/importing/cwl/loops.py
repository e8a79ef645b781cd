"""Scatter: loops over the elements of lists, side by side or one in another."""

from __future__ import annotations

from typing import Any

from econda_edsl.importing.cwl.documents import short
from econda_edsl.importing.cwl.written import MEMBERS, Value, Values, Written, record_of
from econda_edsl.importing.report import NotImported
from econda_edsl.writing.program import Bind, Foreach, Step


def scattered(written: Written, step: Any, given: Values, where: str) -> tuple[list[tuple[str, str]], Values]:
    """The variables of the loop with what they go over, and what the step is given in it. No variables: no loop."""
    scatter = [short(each) for each in ([step.scatter] if isinstance(step.scatter, str) else step.scatter or [])]
    if not scatter:
        return [], given
    written.gaps.of(where, "a scatter without a bound", "everything has a bound in this language",
                    f"`up to {MEMBERS}` is assumed, write the right number")  # fmt: skip
    for key in scatter:
        if key not in given:
            raise NotImported(f"{where}: it scatters over `{key}`, which has no source; give it one")
    element = {key: given[key][1][5:-1] if given[key][1].startswith("List[") else "String" for key in scatter}
    if step.scatterMethod == "dotproduct" and len(scatter) == 2:
        pair = written.names.take("pair")
        parts: Values = {key: (f"{pair}.{part}", element[key]) for key, part in zip(scatter, ("first", "second"))}
        return [(pair, f"zip({given[scatter[0]][0]}, {given[scatter[1]][0]})")], {**given, **parts}
    if len(scatter) > 1 and step.scatterMethod not in ("flat_crossproduct", "nested_crossproduct"):
        written.gaps.of(where, f"scatterMethod {step.scatterMethod}", "a loop gives one flat list of all pairs",
                        "zip the lists in a task")  # fmt: skip
    names = {key: written.names.take(key, "each") for key in scatter}
    over = [(names[key], given[key][0]) for key in scatter]
    return over, {**given, **{key: (names[key], element[key]) for key in scatter}}


def looped(
    written: Written, step: Any, over: list[tuple[str, str]], body: list[Step], made: Values, steps: list[Step]
) -> Values:
    """The loop around the steps of a body, and what leaves it: lists of what each round has made."""
    name = short(step.id)
    deep = len(over) if step.scatterMethod == "nested_crossproduct" else 1
    loops = [over] if deep == 1 else [[each] for each in over]
    only = next(iter(made.values()))[0] if len(made) == 1 else ""
    gather = only or (record_of(made) if made else over[-1][0])
    inner: list[Step] = body
    for each in reversed(loops):
        taken = any(isinstance(x, Bind | Foreach) and (x.name or "").startswith(name) for x in inner)
        loop = written.names.take(f"{name}_each" if taken else name)
        inner = [Foreach(each, inner, loop, gather, str(MEMBERS))]
        gather = f"{loop}.done"
    steps += inner
    return {key: _leaving(key, kind, gather, deep, whole=not only) for key, (_, kind) in made.items()}


def _leaving(key: str, kind: str, gathered: str, deep: int, *, whole: bool) -> Value:
    """One output of all rounds, where `whole` of the records that they have gathered: lists of lists where loops nest."""
    type_ = "List[" * deep + kind + "]" * deep
    if not whole:
        return gathered, type_
    lists = [*(f"row{level}" for level in range(deep - 1, 0, -1)), gathered]
    found = f"each.{key}"
    for element, of in zip(["each", *lists], lists):
        found = f"[{found} for {element} in {of}]"
    return found, type_
