"""Shell, R and Julia read by their own programs, before anything starts."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from econda_edsl.compiler.compile import compile_source
from typer.testing import CliRunner

from econda_cloud.cli.commands import app
from econda_cloud.cli.language import foreign_code
from econda_cloud.cli.language.foreign_code import with_foreign_code


def source(language: str, *lines: str) -> str:
    body = "".join(f"          {line}\n" for line in lines)
    return f"edsl 1\n\ntask t() -> (y: Int):\n      run {language}:\n{body}\npipeline main() -> (y: Int):\n    a = t()\n    return y = a.y\n"


def said(text: str) -> list[tuple[str, int, int]]:
    found = with_foreign_code(compile_source(text))
    assert found.ok == (not found.diagnostics)
    return [(d.message, d.span.line, d.span.column) for d in found.diagnostics]


@pytest.mark.parametrize(
    ("lines", "line"),
    [(["echo 1", "if true; then", "  echo 2"], 7), (["fi"], 5), (["x=(1 2", "echo"], 5), (["echo 'open"], 5)],
)
def test_shell_that_cannot_be_read_is_told_with_its_line(lines: list[str], line: int) -> None:
    found = said(source("shell", *lines))
    assert len(found) == 1
    message, where, column = found[0]
    assert message.startswith("the code of `t` cannot be read by bash: ")
    assert (where, column) == (line, 11)


@pytest.mark.parametrize(
    "lines",
    [
        ["shopt -s extglob", "ls !(*.csv)"],
        ["cat <<EOF > $OUT/y", "  1", "EOF"],
        ["[[ $y =~ ^[0-9]+$ ]] && echo $(( y + 1 ))"],
        ["case $y in (a) echo;; esac; for ((i = 0; i < 3; i++)); do echo; done"],
        ["read -r a b < <(echo 1 2)"],
    ],
)
def test_nothing_is_said_against_right_shell(lines: list[str]) -> None:
    assert said(source("shell", *lines)) == []


def test_nothing_of_it_is_run(tmp_path: Path) -> None:
    assert said(source("shell", f"touch {tmp_path}/ran")) == []
    assert list(tmp_path.iterdir()) == []


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_r_and_julia_where_they_are_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program(tmp_path, "Rscript", "echo 'Error in parse : <text>:2:3: unexpected symbol' >&2; exit 1")
    program(tmp_path, "julia", "cat > /dev/null")
    found = said(source("r", "x <- 1", "y y"))
    assert found == [("the code of `t` cannot be read by R: unexpected symbol", 6, 13)]
    assert said(source("julia", "y = 1")) == []


def test_a_reader_that_does_not_answer_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(foreign_code, "WAIT_S", 0.05)
    program(tmp_path, "Rscript", "exec sleep 600")
    assert said(source("r", "y <- (")) == []


def test_without_readers_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert said(source("shell", "fi")) == []


def test_neither_check_nor_run_lets_it_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECONDA_HOME", str(tmp_path / "home"))
    (tmp_path / "p.edsl").write_text(source("shell", "fi"))
    (tmp_path / "q.edsl").write_text('edsl 1\n\ntask t():\n    run shell "go.sh"\n\npipeline main():\n    t()\n')
    (tmp_path / "go.sh").write_text("echo 1\ndone\n")
    done = CliRunner().invoke(app, ["check", str(tmp_path / "p.edsl"), "--json"])
    assert done.exit_code == 3
    assert [(d["code"], d["line"]) for d in json.loads(done.stdout)["diagnostics"]] == [("E1105", 5)]
    done = CliRunner().invoke(app, ["run", str(tmp_path / "q.edsl")])
    assert done.exit_code == 3
    assert "go.sh:2:1" in done.stderr
    assert json.loads(CliRunner().invoke(app, ["runs", "--json"]).stdout) == []


def test_what_shellcheck_calls_an_error_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECONDA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program(tmp_path, "shellcheck", "cat > /dev/null; echo '-:2:3: error: Use braces. [SC1087]'; exit 1")
    (tmp_path / "p.edsl").write_text(source("shell", "echo", "  echo $a[1]"))
    done = CliRunner().invoke(app, ["check", str(tmp_path / "p.edsl")])
    assert done.exit_code == 0
    assert "p.edsl:6:13: shellcheck: Use braces. [SC1087]" in done.stderr
