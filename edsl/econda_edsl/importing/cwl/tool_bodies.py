"""The Python of tasks that run CWL tools: their document, and a few lines that hand it to what lies beside the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from pprint import pformat
from typing import Any

from econda_edsl.importing.cwl import runtime
from econda_edsl.importing.cwl.documents import short

CARRIED = frozenset({
    "InlineJavascriptRequirement", "ShellCommandRequirement", "EnvVarRequirement", "InitialWorkDirRequirement",
    "ResourceRequirement", "ToolTimeLimit", "LoadListingRequirement", "NetworkAccess", "WorkReuse", "SchemaDefRequirement",
    "StepInputExpressionRequirement", "MultipleInputFeatureRequirement", "ScatterFeatureRequirement",
    "SubworkflowFeatureRequirement",
})  # fmt: skip
"""Requirements that are carried over, or ask for nothing here."""

_KEPT = ("class", "baseCommand", "arguments", "inputs", "outputs", "requirements", "hints", "stdin", "stdout", "stderr", "successCodes", "expression")  # fmt: skip
_UNREAD = frozenset({"doc", "label", "streamable", "format", "default", "secondaryFiles"})


def tool_document(tool: Any, requirements: Iterable[Any]) -> dict[str, Any]:
    """A tool as plain data with these requirements, its inputs and outputs under their short names, without what only
    people read.
    """
    saved = {**tool.save(top=False), "requirements": [each.save(top=False) for each in requirements]}
    named = {
        each["name"]: each
        for needs in saved["requirements"]
        if needs.get("class") == "SchemaDefRequirement"
        for each in needs["types"]
    }
    found = {key: _plain(value, named) for key, value in saved.items() if key in _KEPT and value is not None}
    for key, parameters in (("inputs", tool.inputs), ("outputs", tool.outputs)):
        found[key] = [{**each, "id": short(parameter.id)} for each, parameter in zip(found[key], parameters)]
    found["hints"] = [
        each for each in found.get("hints") or [] if isinstance(each, dict) and each.get("class") in CARRIED
    ]
    return found


def _plain(value: Any, named: Mapping[str, Any]) -> Any:
    """Data without what nobody reads when the tool runs; types that have names are written out."""
    if isinstance(value, dict):
        found = {
            str(key): _plain(each, named) for key, each in value.items() if key not in _UNREAD and each is not None
        }
        if "symbols" in found:
            found["symbols"] = [short(each) for each in found["symbols"]]
        if isinstance(found.get("name"), str):
            found |= {"name": short(found["name"])}
        return found
    if isinstance(value, (list, tuple)):
        return [_plain(each, named) for each in value]
    if isinstance(value, str) and value in named:
        return _plain(named[value], {key: each for key, each in named.items() if key != value})
    return str(value) if isinstance(value, str) else value


def tool_body(document: Mapping[str, Any], inputs: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    """The Python of a tool: its document, and the lines that run it. Both map names of CWL to those here."""
    lines = [
        "from cwl_tool import run",
        "",
        "TOOL = " + pformat(document, width=110, sort_dicts=False),
        "",
        f"made = run(TOOL, {_given(inputs)})",
    ]
    return "\n".join([*lines, *(f"{name} = made[{key!r}]" for key, name in outputs.items())])


def step_body(document: Mapping[str, Any], inputs: Mapping[str, str], outputs: Mapping[str, str], step: str) -> str:
    """The Python of what is computed before a step: `step` gives `made`, of `STEP`, the document, and `given`."""
    lines = [
        "from cwl_step import evaluated, merged",
        "",
        "STEP = " + pformat(dict(document), width=110, sort_dicts=False),
    ]
    lines += [f"given = {_given(inputs)}", f"made = {step}"]
    return "\n".join([*lines, *(f"{name} = made[{key!r}]" for key, name in outputs.items())])


def _given(inputs: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key!r}: {name}" for key, name in inputs.items()) + "}"


@cache
def runtime_files() -> dict[str, bytes]:
    """What runs the tools, to lie beside the program: `cwl_*.py`."""
    here = Path(runtime.__file__)
    texts = {
        name: here.with_name(f"{name}.py").read_text("utf-8")
        for name in ("tool", "step", "command", "files", "expressions")
    }
    package = f"from {runtime.__name__}."
    return {f"cwl_{name}.py": text.replace(package, "from cwl_").encode() for name, text in texts.items()}
