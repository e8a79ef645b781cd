"""What a step of a CWL workflow makes of its inputs before its tool runs (CWL 1.2, Workflow Step)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from econda_edsl.importing.cwl.runtime.expressions import Expressions
from econda_edsl.importing.cwl.runtime.files import changed, described, given_back, with_contents

WHEN = "(when)"
"""Whether the step runs, among its inputs: no name of CWL is written so."""


def evaluated(step: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with their `valueFrom`, and under `WHEN` whether the step runs.

    `step` has `valueFrom` and `loadContents` by input, `when`, and `library`, the lines of JavaScript or None.
    """
    inputs: dict[str, Any] = {}
    for name, value in given.items():
        inputs[name] = described(value)
        if name in step.get("loadContents", ()):
            inputs[name] = changed(inputs[name], with_contents)
    runtime = {"outdir": str(Path.cwd()), "tmpdir": str(Path.cwd()), "cores": 1, "ram": 256}
    evaluate = Expressions(inputs, runtime, step.get("library"))
    computed = {name: evaluate.value(text, inputs.get(name)) for name, text in step.get("valueFrom", {}).items()}
    found: dict[str, Any] = {**inputs, **computed}
    if step.get("when") is not None:
        goes = Expressions(found, runtime, step.get("library")).value(step["when"])
        if not isinstance(goes, bool):
            raise SystemExit(f"`when` is true or false, not {goes!r}")
        found[WHEN] = goes
    return {name: given_back(value) for name, value in found.items()}


def merged(values: list[Any], link: str | None, pick: str | None) -> Any:
    """Several sources as one value: nested or flattened, and those that are there."""
    found: list[Any] = values
    if link == "merge_flattened":
        found = [each for value in values for each in (value if isinstance(value, list) else [value])]
    present = [each for each in found if each is not None]
    match pick:
        case None:
            return found
        case "all_non_null":
            return present
        case "first_non_null" if present:
            return present[0]
        case "the_only_non_null" if len(present) == 1:
            return present[0]
        case _:
            raise SystemExit(f"{pick}: {len(present)} of {len(found)} values are there")
