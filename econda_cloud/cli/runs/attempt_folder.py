"""A folder with all that an attempt had: its inputs, its code, its packages and its environment, ready to be run again."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from econda_edsl.plan import Entry as FileEntry
from econda_edsl.plan import Inline, Plan

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.publishing.outputs import fetch_artifact
from econda_cloud.run.advance import apply
from econda_cloud.schedule.chunks import chunk_of
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.commands import Dispatch
from econda_cloud.wire.entries import Entry, Placed
from econda_cloud.wire.events import Item
from econda_cloud.worker.data.cache import file_name_of
from econda_cloud.worker.data.packing import unpack
from econda_cloud.worker.data.typed_values import read_type, to_wire
from econda_cloud.worker.processes import host_values, shell, shell_inputs

_RUN_PYTHON = '''"""Runs the attempt again: the inputs are in inputs.json, the files of the pipeline in code/, and it works in work/."""

import importlib.util
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PATH, FUNCTION, OUTPUTS = {path!r}, {function!r}, {outputs!r}

sys.path[0] = HERE
from econda_values import load  # noqa: E402

sys.path[0] = os.path.join(HERE, "code")
with open(os.path.join(HERE, "inputs.json"), encoding="utf-8") as file:
    inputs = {{name: load(value) for name, value in json.load(file).items()}}
os.chdir(os.path.join(HERE, "work"))

source = os.path.join(HERE, PATH)
if FUNCTION:
    spec = importlib.util.spec_from_file_location("task", source)
    module = importlib.util.module_from_spec(spec)
    sys.modules["task"] = module
    spec.loader.exec_module(module)
    print("returned", repr(getattr(module, FUNCTION)(**inputs)), file=sys.stderr)
else:
    globals().update(inputs)
    with open(source, encoding="utf-8") as file:
        exec(compile(file.read(), source, "exec"))
    for name in OUTPUTS:
        print(name, "=", repr(globals().get(name)), file=sys.stderr)
'''


class NotRunAgain(Exception):
    """An attempt that cannot be laid out; the message says why."""


@dataclass(frozen=True)
class Laid:
    """Where an attempt was laid out, the command that runs it again, and its environment variables."""

    folder: Path
    command: tuple[str, ...]
    variables: dict[str, str]


def attempt_of(plan: Plan, entries: list[Entry], item: Item) -> Chunk:
    """What the worker was handed for an attempt, by the log up to where it was placed. Raises `NotRunAgain`."""
    state = None
    for entry in entries:
        state = apply(plan, state, entry)
        for decision in entry.decisions:
            if state is not None and isinstance(decision, Placed) and item in decision.items:
                chunk = chunk_of(
                    plan, state, Dispatch(chunk=decision.chunk, pool="", offer="", spot=False, items=(item,))
                )
                if chunk is not None:
                    return chunk
    raise NotRunAgain(f"{item[0]}, attempt {item[1]}, was never placed: it has reused a result, or waited")


def lay_out(chunk: Chunk, blobs: BlobStore, folder: Path) -> Laid:
    """Write the folder, which must not be there. Raises `NotRunAgain`, `NotWritten` for files that are gone, `OSError`."""
    run, [item] = chunk.task.run, chunk.items
    if not isinstance(run, Inline | FileEntry) or run.language not in ("python", "shell"):
        raise NotRunAgain(f"{item.instance} is neither a Python nor a shell task")
    folder = folder.absolute()
    folder.mkdir(parents=True)
    for name in ("code", "inputs", "work"):
        (folder / name).mkdir()
    if chunk.bundle:
        _unpacked(blobs, chunk.bundle, folder / "code")
    variables = {**item.env, "ECONDA_RUN": chunk.run, "ECONDA_TASK": item.instance, "ECONDA_ATTEMPT": str(item.attempt)}
    if chunk.task.checkpoint_ms is not None or chunk.task.checkpoint_bytes is not None:
        (folder / "checkpoint").mkdir()
        variables["ECONDA_CHECKPOINT"] = str(folder / "checkpoint")
    python = sys.executable
    if chunk.archive is not None:
        site = _unpacked(blobs, chunk.archive, folder / "packages")
        python = str(site / "bin" / "python") if (site / "bin" / "python").exists() else python
        variables |= {
            "PYTHONPATH": str(site),
            "PATH": f"{site / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        }

    def locate(value: dict[str, Any]) -> Path:
        about = value["$artifact"]
        target = folder / "inputs" / str(about["sha256"])[:12] / file_name_of(about)
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            fetch_artifact(about, blobs, target)
        return target

    if run.language == "python":
        command = _python(chunk, run, folder, python, locate)
    else:
        command = _shell(run, folder)
        (folder / "work" / "out").mkdir()
        variables |= {**shell_inputs.variables(item.args, locate, folder / "work"), "OUT": str(folder / "work" / "out")}
    laid = Laid(folder, command, variables)
    (folder / "run.sh").write_text(_script(laid, item.secrets))
    return laid


def _python(chunk: Chunk, run: Inline | FileEntry, folder: Path, python: str, locate: Any) -> tuple[str, ...]:
    task, [item] = chunk.task, chunk.items
    types = {name: read_type(text) for name, text in task.inputs.items()}
    values = {name: to_wire(types[name], value, task.types, locate) for name, value in item.args.items()}
    values |= {name: field.start for name, field in task.state.items()}
    (folder / "inputs.json").write_text(json.dumps(values, indent=2, ensure_ascii=False), "utf-8")
    shutil.copyfile(host_values.__file__, folder / "econda_values.py")
    path, function = "task.py", ""
    if isinstance(run, Inline):
        (folder / path).write_text(run.body, "utf-8")
    else:
        path, function = f"code/{run.path}", run.function or ""
    text = _RUN_PYTHON.format(path=path, function=function, outputs=list(task.outputs))
    (folder / "run.py").write_text(text, "utf-8")
    return (python, str(folder / "run.py"))


def _shell(run: Inline | FileEntry, folder: Path) -> tuple[str, ...]:
    if isinstance(run, Inline):
        (folder / "task.sh").write_text(run.body, "utf-8")
        return tuple(shell.file_command(folder / "task.sh"))
    return tuple(shell.file_command(folder / "code" / run.path))


def _unpacked(blobs: BlobStore, key: str, target: Path) -> Path:
    packed = target.with_name(f".{target.name}.packed")
    try:
        blobs.get_file(key, packed)
    except KeyError:
        raise NotRunAgain(f"{key} is gone from the store") from None
    unpack(packed, target)
    packed.unlink()
    return target


def _script(laid: Laid, secrets: Mapping[str, object]) -> str:
    lines = ["#!/bin/sh", "# Runs the attempt again. Change what you like: nothing that econda keeps is touched."]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in laid.variables.items()]
    lines += [f"# {name} is a secret, which is not kept here: export it yourself" for name in secrets]
    lines += [f"cd {shlex.quote(str(laid.folder / 'work'))} || exit 1", f"exec {shlex.join(laid.command)}"]
    return "\n".join(lines) + "\n"
