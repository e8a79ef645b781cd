"""A CWL tool, run (CWL 1.2, Command Line Tool and Expression Tool)."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from econda_edsl.importing.cwl.runtime.command import command_line
from econda_edsl.importing.cwl.runtime.expressions import Expressions
from econda_edsl.importing.cwl.runtime.files import (
    changed,
    described,
    given_back,
    is_file,
    name_of,
    path_of,
    place,
    with_contents,
    with_listing,
)

OUTSIDE = "a file outside of the tool's folder is no output"


def run(tool: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of a tool, by their names. `given` are its inputs: plain values, paths for files and folders."""
    needs = {each["class"]: each for each in [*(tool.get("hints") or []), *(tool.get("requirements") or [])]}
    inputs = _inputs(tool, given, needs)
    library = needs.get("InlineJavascriptRequirement")
    lines = None if library is None else list(library.get("expressionLib") or [])
    if tool["class"] == "ExpressionTool":
        found = Expressions(inputs, _runtime(Path.cwd(), {}), lines).value(tool["expression"])
        return {each["id"]: given_back(_of((found or {}).get(each["id"]))) for each in tool["outputs"]}
    home = Path("work").absolute()
    home.mkdir()
    runtime = _runtime(home, {})
    evaluate = Expressions(inputs, runtime, lines)
    runtime |= _resources(needs.get("ResourceRequirement") or {}, evaluate)
    _stage(needs.get("InitialWorkDirRequirement"), evaluate, home)
    code = _executed(tool, needs, evaluate, home)
    found = _outputs(tool, Expressions(inputs, {**runtime, "exitCode": code}, lines), home)
    return {name: given_back(value) for name, value in found.items()}


def _inputs(tool: Mapping[str, Any], given: Mapping[str, Any], needs: Mapping[str, Any]) -> dict[str, Any]:
    usual = (needs.get("LoadListingRequirement") or {}).get("loadListing")
    inputs: dict[str, Any] = {}
    for each in tool["inputs"]:
        binding = each.get("inputBinding") or {}
        value = described(given.get(each["id"]))
        how = each.get("loadListing") or binding.get("loadListing") or usual
        value = changed(value, lambda about, how=how: with_listing(about, how))
        if each.get("loadContents") or binding.get("loadContents"):
            value = changed(value, with_contents)
        inputs[each["id"]] = value
    return inputs


def _runtime(home: Path, more: Mapping[str, Any]) -> dict[str, Any]:
    temporary = Path("tmp").absolute()
    temporary.mkdir(exist_ok=True)
    usual = {"cores": 1, "ram": 256, "outdirSize": 1024, "tmpdirSize": 1024}
    return {"outdir": str(home), "tmpdir": str(temporary), **usual, **more}


def _resources(wanted: Mapping[str, Any], evaluate: Expressions) -> dict[str, Any]:
    found = {}
    for name, least, most in (("cores", "coresMin", "coresMax"), ("ram", "ramMin", "ramMax"), ("outdirSize", "outdirMin", "outdirMax"), ("tmpdirSize", "tmpdirMin", "tmpdirMax")):  # fmt: skip
        value = evaluate.value(wanted.get(least, wanted.get(most)))
        if value is not None:
            found[name] = value if value == int(value) and isinstance(value, int) else -int(-value // 1)
    return found


def _stage(wanted: Mapping[str, Any] | None, evaluate: Expressions, home: Path) -> None:
    """Put into the tool's folder what is to lie there before it starts; inputs that are moved so have a new path."""
    moved: dict[str, Path] = {}
    for each in _listed(wanted["listing"] if wanted else [], evaluate):
        if isinstance(each, dict) and "entry" in each:
            _entry(each, evaluate, home, moved)
        elif is_file(each):
            _put(each, home / name_of(each), moved)
    for name, value in list(evaluate.inputs.items()):
        evaluate.inputs[name] = changed(value, lambda about: _moved(about, moved))  # type: ignore[index]


def _listed(listing: Any, evaluate: Expressions) -> list[Any]:
    found = evaluate.value(listing) if isinstance(listing, str) else listing
    flat: list[Any] = []
    for each in found if isinstance(found, list) else [found]:
        value = evaluate.value(each) if isinstance(each, str) else each
        flat += value if isinstance(value, list) else [] if value is None else [value]
    return [inner for each in flat for inner in (each if isinstance(each, list) else [each])]


def _entry(each: Mapping[str, Any], evaluate: Expressions, home: Path, moved: dict[str, Path]) -> None:
    name, value = evaluate.value(each.get("entryname")), evaluate.value(each["entry"])
    if name is not None and (not isinstance(name, str) or name.startswith(("/", "../")) or "/../" in name):
        raise SystemExit(f"{name!r} is no name inside of the tool's folder")
    if value is None:
        return
    if is_file(value):
        _put(value, home / (name or name_of(value)), moved)
    elif isinstance(value, list) and value and all(map(is_file, value)):
        for about in value:
            _put(about, (home / name if name else home) / name_of(about), moved)
    else:
        target = home / (name or "")
        if name is None:
            raise SystemExit("an entry of text needs an entryname")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(value if isinstance(value, str) else json.dumps(value))


def _put(about: dict[str, Any], target: Path, moved: dict[str, Path]) -> None:
    place(about, target)
    source = path_of(about)
    if source is not None:
        moved[str(source)] = target


def _moved(about: dict[str, Any], moved: Mapping[str, Path]) -> dict[str, Any]:
    target = moved.get(about.get("path", ""))
    return about if target is None else {**about, "path": str(target), "location": target.as_uri(), "dirname": str(target.parent), "basename": target.name}  # fmt: skip


def _executed(tool: Mapping[str, Any], needs: Mapping[str, Any], evaluate: Expressions, home: Path) -> int:
    shell = "ShellCommandRequirement" in needs
    words = command_line(tool, evaluate.inputs, evaluate, shell=shell)
    streams: dict[str, Any] = {}
    for name, mode in (("stdin", "rb"), ("stdout", "wb"), ("stderr", "wb")):
        path = stream(tool, name, evaluate)
        if path is not None:
            target = home / path
            target.parent.mkdir(parents=True, exist_ok=True)
            streams[name] = target.open(mode)
    environment = {**os.environ, "HOME": str(home), "TMPDIR": evaluate.runtime["tmpdir"]}
    for each in (needs.get("EnvVarRequirement") or {}).get("envDef") or []:
        environment[each["envName"]] = str(evaluate.value(each["envValue"]))
    limit = evaluate.value((needs.get("ToolTimeLimit") or {}).get("timelimit")) or None
    try:
        command = ["/bin/sh", "-c", " ".join(words)] if shell else words
        done = subprocess.run(command, cwd=home, env=environment, timeout=limit, check=False, **streams)
    except subprocess.TimeoutExpired:
        raise SystemExit(f"the tool ran longer than its limit of {limit} s") from None
    finally:
        for opened in streams.values():
            opened.close()
    if done.returncode not in (tool.get("successCodes") or [0]):
        raise SystemExit(f"{words[0] if words else 'the tool'}: exit code {done.returncode}")
    return done.returncode


def stream(tool: Mapping[str, Any], name: str, evaluate: Expressions) -> str | None:
    """The file of a stream; an output that is a stream gives it a name where the tool does not."""
    named = tool.get(name)
    if named is not None:
        return evaluate.value(named)
    return f"{name}.txt" if any(each.get("type") == name for each in tool["outputs"]) else None


def _outputs(tool: Mapping[str, Any], evaluate: Expressions, home: Path) -> dict[str, Any]:
    told = home / "cwl.output.json"
    if told.exists():
        found = json.loads(told.read_text())
        return {each["id"]: changed(found.get(each["id"]), lambda about: _told(about, home)) for each in tool["outputs"]}  # fmt: skip
    return {each["id"]: _output(tool, each, evaluate, home) for each in tool["outputs"]}


def _told(about: dict[str, Any], home: Path) -> dict[str, Any]:
    source = path_of(about)
    return about if source is None else {**about, "path": str(home / source)}


def _output(tool: Mapping[str, Any], output: Mapping[str, Any], evaluate: Expressions, home: Path) -> Any:
    kind, name = output.get("type"), output["id"]
    if kind in ("stdout", "stderr"):
        return described(home / str(stream(tool, kind, evaluate)))
    if isinstance(kind, dict) and kind.get("type") == "record" and "outputBinding" not in output:
        fields = kind.get("fields") or []
        return {f["name"].rpartition("/")[2]: _output(tool, {**f, "id": f["name"].rpartition("/")[2]}, evaluate, home) for f in fields}  # fmt: skip
    binding = output.get("outputBinding")
    if binding is None:
        if _may_be(kind, "null"):
            return None
        raise SystemExit(f"output {name}: the tool wrote no cwl.output.json, and nothing else says what it is")
    found: Any = None
    if "glob" in binding:
        found = _globbed(binding["glob"], evaluate, home)
        how = binding.get("loadListing") or output.get("loadListing")
        found = [with_listing(each, how) for each in found]
        if binding.get("loadContents") or output.get("loadContents"):
            found = [with_contents(each) for each in found]
    if "outputEval" in binding:
        found = _of(evaluate.value(binding["outputEval"], found))
        if _is_list(kind) or not (isinstance(found, list) and len(found) == 1 and is_file(found[0])):
            return found
    return _typed(found, kind, name)


def _of(value: Any) -> Any:
    """What an expression gives: files that it describes, as they are described here."""
    return changed(value, lambda about: about if "path" in about or "contents" in about or "listing" in about else {**about, "path": str(path_of(about))})  # fmt: skip


def _globbed(patterns: Any, evaluate: Expressions, home: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for each in patterns if isinstance(patterns, list) else [patterns]:
        value = evaluate.value(each)
        for pattern in value if isinstance(value, list) else [] if value is None else [value]:
            inside = os.path.relpath(pattern, home) if os.path.isabs(pattern) else os.path.normpath(pattern)
            if inside.startswith("../") or inside == "..":
                raise SystemExit(f"{pattern}: {OUTSIDE}")
            matched = sorted(glob.glob(glob.escape(str(home)) + "/" + inside, include_hidden=False)) if inside != "." else [str(home)]  # fmt: skip
            found += [described(_itself(Path(path), home, evaluate.inputs)) for path in matched]
    return found


def _itself(path: Path, home: Path, inputs: Mapping[str, Any]) -> Path:
    """A link that points out of the tool's folder, to an input: a copy of what it points to."""
    if path.is_symlink() and not path.resolve().is_relative_to(home):
        target, known = path.resolve(), set[Path]()
        changed(
            dict(inputs), lambda about: known.add(Path(about["path"]).resolve()) or about if "path" in about else about
        )
        if not any(target.is_relative_to(each) for each in known):
            raise SystemExit(f"{path.name} is a link to {target}: {OUTSIDE}")
        path.unlink()
        shutil.copytree(target, path) if target.is_dir() else shutil.copyfile(target, path)
    return path


def _typed(found: list[Any] | None, kind: Any, name: str) -> Any:
    """What was found, as the type has it: one where one is declared, none of several guessed."""
    if found is None or _is_list(kind):
        return found
    wanted = "Directory" if _may_be(kind, "Directory") and not _may_be(kind, "File") else "File"
    if len(found) > 1:
        raise SystemExit(f"output {name}: {len(found)} files match where one is declared")
    if not found:
        if _may_be(kind, "null"):
            return None
        raise SystemExit(f"output {name}: nothing matches")
    if not _may_be(kind, "Any") and not _may_be(kind, found[0]["class"]):
        raise SystemExit(f"output {name}: {found[0]['basename']} is no {wanted}")
    return found[0]


def _is_list(kind: Any) -> bool:
    if isinstance(kind, list):
        return any(map(_is_list, kind))
    return isinstance(kind, dict) and kind.get("type") == "array"


def _may_be(kind: Any, wanted: str) -> bool:
    return kind == wanted or (isinstance(kind, list) and any(_may_be(each, wanted) for each in kind))
