"""What is computed before a step runs: its `valueFrom`, and the test of its `when`."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from econda_edsl.importing.cwl.documents import short
from econda_edsl.importing.cwl.runtime.step import WHEN
from econda_edsl.importing.cwl.written import Values, Written, key_of
from econda_edsl.writing.program import Step

_TEST = re.compile(r"\$\((!?)inputs\.([A-Za-z_]\w*)(?:\s*(===?|!==?|<=|>=|<|>)\s*([\w.]+|\"[^\"]*\"|'[^']*'))?\)")


def computed(
    written: Written, step: Any, process: Any, given: Values, library: list[str] | None, contents: Collection[str],
    where: str, steps: list[Step],
) -> tuple[Values, str | None]:  # fmt: skip
    """The inputs with their `valueFrom`, and the test of `when`: by a task, where they are more than a name says.

    `library` are the lines of JavaScript that there are, `contents` the sources whose contents are loaded.
    """
    texts = {short(each.id): str(each.valueFrom) for each in step.in_ if _is_computed(each.valueFrom)}
    when = getattr(step, "when", None)
    test = comparison(when, given) if when else None
    if not texts and (when is None or test is not None):
        return given, test
    kinds = {short(each.id): written.tools.kinds.of(each.type_) for each in process.inputs}
    outputs = {key: kinds[key] or "String" for key in texts if key in kinds}
    for key in outputs:
        if kinds[key] is None:
            written.gaps.of(where, f"the type of `{key}`", "it has no counterpart", "String is assumed")
    loaded = [
        short(each.id) for each in step.in_ if getattr(each, "loadContents", None) or key_of(each.source) in contents
    ]
    document: dict[str, Any] = {"valueFrom": texts, "library": library, "loadContents": loaded}
    if when is not None:
        document["when"], outputs[WHEN] = str(when), "Bool"
    wanted = f"before_{short(step.id)}"
    types = {key: kind for key, (_, kind) in given.items()}
    task, inputs, named = written.tools.before(wanted, types, outputs, document, "evaluated(STEP, given)")
    name = written.call(task, wanted, {inputs[key]: expr for key, (expr, _) in given.items()}, steps)
    made = {key: (f"{name}.{named[key]}", kind) for key, kind in outputs.items()}
    goes = made.pop(WHEN, None)
    return {**given, **made}, goes[0] if goes is not None else None


def _is_computed(text: Any) -> bool:
    return text is not None and "$" in str(text) and str(text) != "$(self)"


def comparison(text: str, given: Values) -> str | None:
    """A plain comparison as one of EDSL; None for what is more."""
    match = _TEST.fullmatch(text.strip())
    if match is None or match[2] not in given or (match[3] is None and given[match[2]][1] != "Bool"):
        return None
    value = given[match[2]][0]
    if match[3] is None:
        return f"not {value}" if match[1] else value
    sign = {"===": "==", "!==": "!="}.get(match[3], match[3])
    right = '"' + match[4][1:-1] + '"' if match[4][0] in "\"'" else {"null": "none"}.get(match[4], match[4])
    return f"{value} {sign} {right}"
