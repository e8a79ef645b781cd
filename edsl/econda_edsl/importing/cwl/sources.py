"""Where the inputs of steps come from: sources, several as one, defaults, constants."""

from __future__ import annotations

from typing import Any

from econda_edsl.importing.cwl.written import Value, Values, Written, key_of
from econda_edsl.importing.report import NotImported
from econda_edsl.writing.literals import NoLiteral, value_literal
from econda_edsl.writing.program import Input, Step


def given_to(written: Written, each: Any, values: Values, where: str, steps: list[Step]) -> Value | None:
    """What an input of a step is given, its expressions aside; None for nothing."""
    pick = getattr(each, "pickValue", None)
    found = source(written, each.source, each.linkMerge, pick, values, where, steps) if each.source else None
    if each.default is not None:
        found = _or_default(written, each, found, where)
    if each.valueFrom is not None and "$" not in str(each.valueFrom):
        return value_literal(str(each.valueFrom)), "String"
    return found


def source(
    written: Written, source: Any, merge: str | None, pick: str | None, values: Values, where: str, steps: list[Step]
) -> Value:
    """The value of a source, or of several. Raises `NotImported` for one that is not there."""
    found = []
    for each in [source] if isinstance(source, str) else source or []:
        if key_of(each) not in values:
            raise NotImported(
                f"{where}: its source {key_of(each)} is neither an input nor an output of a step; correct it"
            )
        found.append(values[key_of(each)])
    if isinstance(source, str) or (len(found) == 1 and merge is None):
        return found[0] if found else ("none", "String?")
    if pick is not None or (merge == "merge_flattened" and not all(kind.startswith("List[") for _, kind in found)):
        return merged(written, found, merge, pick, where, steps)
    kind = found[0][1] if found else "String"
    joined = f"[{', '.join(expr for expr, _ in found)}]"
    return (f"flatten({joined})", kind) if merge == "merge_flattened" else (joined, f"List[{kind}]")


def merged(
    written: Written, found: list[Value], merge: str | None, pick: str | None, where: str, steps: list[Step]
) -> Value:
    """Several sources as one value, by a task: of values that may be missing only it can tell how many there are."""
    kinds = [kind[5:-1] if merge == "merge_flattened" and kind.startswith("List[") else kind for _, kind in found]
    whole = {kind.rstrip("?") for kind in kinds}
    element = kinds[0].rstrip("?")
    if len(whole) != 1:
        written.gaps.of(where, "its sources", "they are of different types", "give them one type")
    if pick is None and any(kind.endswith("?") for kind in kinds):
        element += "?"
    kind = element if pick in ("first_non_null", "the_only_non_null") else f"List[{element}]"
    given = {f"source_{number}": kind for number, (_, kind) in enumerate(found)}
    code = f"{{'value': merged(list(given.values()), {merge!r}, {pick!r})}}"
    task, inputs, outputs = written.tools.before("merged", given, {"value": kind}, {}, code)
    arguments = {inputs[key]: expr for key, (expr, _) in zip(given, found)}
    return f"{written.call(task, 'merged', arguments, steps)}.{outputs['value']}", kind


def _or_default(written: Written, each: Any, found: Value | None, where: str) -> Value | None:
    """The default of an input stands for a value that is missing."""
    try:
        default = value_literal(each.default), _kind(each.default)
    except NoLiteral as error:
        default = _brought(written, each, where, str(error))
    if found is None or default is None:
        return found or default
    return (f"{found[0]} ?? {default[0]}", found[1].rstrip("?")) if found[1].endswith("?") else found


def _brought(written: Written, each: Any, where: str, why: str) -> Value | None:
    """A default that is a file of the folder: it is brought when the run starts, so the pipeline takes it."""
    try:
        default = written.tools.file(each.default)
    except NoLiteral:
        written.gaps.of(where, "its default", why, "write it into the step")
        return None
    name = written.names.take(each.id.rpartition("/")[2])
    written.extra.append(Input(name, "File", default))
    return name, "File"


def _kind(value: Any) -> str:
    return {"bool": "Bool", "int": "Int", "float": "Float"}.get(type(value).__name__, "String")
