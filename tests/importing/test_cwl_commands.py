"""Command lines as CWL's specification puts them together, and what of a tool's end is right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from econda_edsl.importing.cwl.runtime import tool as tool_runtime
from econda_edsl.importing.cwl.workflow import import_cwl
from econda_edsl.plan import Inline

from tests.importing.conftest import written


def tool(inputs: dict[str, Any], command: list[str] | None = None, **more: Any) -> bytes:
    about = {
        "cwlVersion": "v1.2",
        "class": "CommandLineTool",
        "baseCommand": command or ["cmd"],
        "inputs": inputs,
        "outputs": {},
    }
    return json.dumps({**about, **more}).encode()


@pytest.fixture(autouse=True)
def _beside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What lies beside the program, as it is imported there; each test in a folder of its own."""
    monkeypatch.setitem(sys.modules, "cwl_tool", tool_runtime)
    monkeypatch.chdir(tmp_path)


def argv(source: bytes, **given: Any) -> Any:
    """What the tool's task would start, for these values of its inputs."""
    _, plan = written(import_cwl(source, "t.cwl"))
    [task] = plan.tasks.values()
    assert isinstance(task.run, Inline)
    started: list[Any] = []

    class Done:
        returncode = 0

    def run(command: Any, **_: Any) -> Done:
        started.append(command)
        return Done()

    defaults = {name: each.default["lit"] for name, each in task.inputs.items() if each.default is not None}
    before, subprocess.run = subprocess.run, run  # type: ignore[assignment]
    try:
        exec(compile(task.run.body, "t", "exec"), {**defaults, **given})
    finally:
        subprocess.run = before  # type: ignore[assignment]
    [command] = started
    return command[1:] if command[0] == "cmd" else command


INTS, TEXTS = {"type": "array", "items": "int"}, "string[]"


@pytest.mark.parametrize(
    ("type_", "binding", "value", "words"),
    [
        (INTS, {"prefix": "-a"}, [1, 2], ["-a", "1", "2"]),
        (INTS, {"prefix": "-a"}, [], []),
        (INTS, {}, [1], ["1"]),
        ({**INTS, "inputBinding": {"prefix": "-b"}}, {}, [3, 4], ["-b", "3", "-b", "4"]),
        (
            {**INTS, "inputBinding": {"prefix": "-b=", "separate": False}},
            {"prefix": "-x"},
            [3, 4],
            ["-x", "-b=3", "-b=4"],
        ),
        (TEXTS, {"prefix": "-c=", "itemSeparator": ",", "separate": False}, ["x", "y"], ["-c=x,y"]),
        (TEXTS, {"prefix": "-c", "itemSeparator": ","}, ["x", "y"], ["-c", "x,y"]),
        (TEXTS, {"itemSeparator": ","}, [], []),
        ("boolean", {"prefix": "-e"}, True, ["-e"]),
        ("boolean", {"prefix": "-e"}, False, []),
        ("int?", {"prefix": "-g"}, None, []),
        ("string?", {"prefix": "-g", "separate": False}, "v", ["-gv"]),
        ("float", {"prefix": "-h"}, 1e-05, ["-h", "0.00001"]),
        ("double", {}, 1e16, ["10000000000000000"]),
        ("long", {}, 9007199254740993, ["9007199254740993"]),
        ("string", {}, "a b $HOME 'q'", ["a b $HOME 'q'"]),
        ("string", None, "unseen", []),
    ],
)
def test_inputs(type_: Any, binding: Any, value: Any, words: list[str]) -> None:
    about = {"type": type_, **({"inputBinding": binding} if binding is not None else {})}
    assert argv(tool({"x": about}), x=value) == words


def test_positions() -> None:
    bound = {"a": 2, "b": -1, "z": 0, "c": 2}
    inputs = {name: {"type": "string", "inputBinding": {"position": at}} for name, at in bound.items()}
    given = {name: name for name in bound}
    assert argv(tool(inputs, arguments=["one", {"valueFrom": "two", "position": 2}]), **given) == [
        "b",
        "one",
        "z",
        "two",
        "a",
        "c",
    ]


def test_a_shell_command_quotes_all_but_what_says_otherwise() -> None:
    arguments = [{"valueFrom": "|", "shellQuote": False}, "wc", "a b"]
    source = tool({"x": {"type": "string", "inputBinding": {"position": 1}}}, ["echo"], arguments=arguments,
                  requirements={"ShellCommandRequirement": {}})  # fmt: skip
    assert argv(source, x="$HOME") == ["/bin/sh", "-c", "echo | wc 'a b' '$HOME'"]


def ran(econda, tmp_path: Path, source: bytes, *more: str) -> Any:
    (tmp_path / "t.cwl").write_bytes(source)
    done = econda("import", "t.cwl", "-o", "out", "--force")
    assert done.returncode in (0, 5), done.stderr
    return econda("run", "out/t.edsl", "--json", *more)


@pytest.mark.parametrize(
    ("codes", "exits", "good"), [([0, 3], 3, True), ([3], 3, True), ([3], 0, False), ([], 3, False)]
)
def test_codes_of_success(econda, tmp_path: Path, codes: list[int], exits: int, good: bool) -> None:
    more = {"successCodes": codes} if codes else {}
    assert (ran(econda, tmp_path, tool({}, ["sh", "-c", f"exit {exits}"], **more)).returncode == 0) is good


@pytest.mark.parametrize(("kind", "made", "good"), [("File", "x1 x2", False), ("File", "x1", True), ("File?", "y", True), ("File", "y", False),
                                                     ("File[]", "x1 x2", True)])  # fmt: skip
def test_a_file_is_one_file(econda, tmp_path: Path, kind: str, made: str, good: bool) -> None:
    outputs = {"one": {"type": kind, "outputBinding": {"glob": "x*"}}}
    done = ran(econda, tmp_path, tool({}, ["sh", "-c", f"touch {made}"], outputs=outputs))
    assert (done.returncode == 0) is good
    assert good or "output one:" in done.stdout + done.stderr


def test_a_packed_document(econda, tmp_path: Path) -> None:
    inner = {"id": "#inner", "class": "Workflow", "inputs": [{"id": "#inner/m", "type": "string"}],
             "outputs": [{"id": "#inner/o", "type": "File", "outputSource": "#inner/s/o"}],
             "steps": [{"id": "#inner/s", "run": "#echo", "in": [{"id": "#inner/s/m", "source": "#inner/m"}], "out": ["#inner/s/o"]}]}  # fmt: skip
    main = {"id": "#main", "class": "Workflow", "inputs": [{"id": "#main/m", "type": "string", "default": "hey"}],
            "requirements": [{"class": "SubworkflowFeatureRequirement"}],
            "outputs": [{"id": "#main/o", "type": "File", "outputSource": "#main/w/o"}],
            "steps": [{"id": "#main/w", "run": "#inner", "in": [{"id": "#main/w/m", "source": "#main/m"}], "out": ["#main/w/o"]}]}  # fmt: skip
    echo = {"id": "#echo", "class": "CommandLineTool", "baseCommand": "echo", "inputs": [{"id": "#echo/m", "type": "string", "inputBinding": {}}],
            "outputs": [{"id": "#echo/o", "type": "stdout"}]}  # fmt: skip
    source = json.dumps({"cwlVersion": "v1.2", "$graph": [main, inner, echo]}).encode()
    done = ran(econda, tmp_path, source)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outputs"]["o"]["$artifact"]["size"] == 4


def test_whole_numbers_are_floats_where_floats_are_meant() -> None:
    source = tool({"x": {"type": "double", "default": 10**42}, "xs": {"type": "float[]", "default": [1, 2.5]}})
    _, plan = written(import_cwl(source, "t.cwl"))
    assert plan.params["x"].default == {"lit": 1e42}
    assert plan.params["xs"].default == {"lit": [1.0, 2.5]}
