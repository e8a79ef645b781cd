"""What each command loads: the start of a command is what its user waits for fifty times a day."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
import typer

from econda_cloud.cli.commands import Commands

SHOWN = """
import json, sys
sys.argv = ["econda", *sys.argv[1:]]
from econda_cloud.cli import main
try:
    main()
except SystemExit as end:
    code = end.code
json.dump([code, sorted(sys.modules)], open("loaded.json", "w"))
"""

HELLO = """edsl 1

task greet(name: String) -> (text: String):
    run python:
        text = "hello " + name

pipeline hello(name: String = "world") -> (text: String):
    a = greet(name)
    return text = a.text
"""

CLOUD = {"boto3", "botocore", "starlette", "uvicorn", "pulumi", "asyncssh", "psutil"}
HEAVY = CLOUD | {"rich", "pydantic", "yaml", "asyncio", "cwl_utils", "jwt", "pygls"}
COMPILER = {"lark", "econda_edsl.compiler.compile"}

LOADS = [
    (["--help"], HEAVY | COMPILER | {"msgspec", "econda_edsl", "sqlite3"}, 175),
    (["--version"], HEAVY | COMPILER | {"msgspec", "econda_edsl", "sqlite3"}, 230),
    (["check", "hello.edsl"], HEAVY | {"lark", "sqlite3", "econda_adapters"}, 340),
    (["run", "hello.edsl"], HEAVY | {"lark"}, 535),
    (["show", "last"], HEAVY | COMPILER, 345),
    (["runs"], HEAVY | COMPILER, 290),
    (["logs", "last"], HEAVY | COMPILER, 345),
    (["get", "last"], HEAVY | COMPILER, 300),
    (["why", "last", "hello/a"], HEAVY | COMPILER, 320),
]
"""Commands, what they must not load, and how many modules they may."""


def loaded(folder, *words: str) -> set[str]:
    environment = {**os.environ, "ECONDA_HOME": str(folder / "home")}
    done = subprocess.run([sys.executable, "-c", SHOWN, *words], cwd=folder, env=environment, capture_output=True,
                          text=True, timeout=60, check=False)  # fmt: skip
    code, modules = json.loads((folder / "loaded.json").read_text())
    assert code in (0, None), done.stderr
    return set(modules)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("start")
    (folder / "hello.edsl").write_text(HELLO)
    loaded(folder, "run", "hello.edsl")
    return folder


@pytest.mark.parametrize(
    ("words", "forbidden", "most"), LOADS, ids=lambda each: each[0] if isinstance(each, list) else ""
)
def test_a_command_loads_what_it_uses_and_no_more(folder, words, forbidden, most):
    modules = loaded(folder, *words)
    assert not modules & forbidden
    assert len(modules) <= most


@pytest.mark.parametrize("name", Commands.table)
def test_the_line_of_a_command_is_the_beginning_of_what_it_says_of_itself(name):
    command = Commands.table[name].load(name)
    assert command.help.startswith(Commands.table[name].help)


def test_typer_reads_no_parameter_by_itself():
    """It would load pydantic for that."""
    from econda_cloud.cli import plain_parameters
    from econda_cloud.cli.plain_parameters import make_plain

    def own(param) -> bool:
        """Of a version of typer that asks in another way there is no such method, and this fails."""
        return type(param.get_runtime_param()).__module__ == plain_parameters.__name__

    def left(command) -> list[str]:
        found = [f"{command.name} {param.name}" for param in command.params if not own(param)]
        return found + [each for below in getattr(command, "commands", {}).values() for each in left(below)]

    for name, lazy in Commands.table.items():
        command = lazy.load(name)
        make_plain(command)
        assert left(command) == []


def test_typer_reads_words_by_what_it_was_given(monkeypatch):
    """Or `make_plain` would change nothing, and nobody would notice but by the time that each command takes."""
    from econda_cloud.cli import plain_parameters

    asked: list[Any] = []

    def command(n: int = 1, name: str = "") -> None:
        asked.append((n, name))

    app = typer.Typer(add_completion=False)
    app.command()(command)
    made = typer.main.get_command(app)
    plain_parameters.make_plain(made)
    read = plain_parameters._Plain.coerce
    monkeypatch.setattr(
        plain_parameters._Plain, "coerce", lambda *given, **more: asked.append("read") or read(*given, **more)
    )
    made.main(["--n", "3", "--name", "x"], standalone_mode=False)
    assert asked.count("read") >= 2
    assert asked[-1] == (3, "x")
