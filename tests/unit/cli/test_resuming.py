"""What `--resume` and `rerun` follow, and what a change of code makes run again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from econda_cloud.cli.commands import app
from econda_cloud.cli.language.file_runs import REMEMBERED, note_run, runs_of

MAIN = """edsl 1

task a(x: Int) -> (y: Int):
    run python:
        y = x + 1

task b(x: Int) -> (y: Int):
    run python:
        import lib

        y = lib.double(x)

task c(x: Int) -> (y: Int):
    run python "pkg/last.py:last"

pipeline main(n: Int = 3) -> (y: Int):
    p = a(n)
    q = b(p.y)
    r = c(q.y)
    return y = r.y
"""
OTHER = "edsl 1\n\ntask z() -> (y: Int):\n    run python:\n        y = 1\n\npipeline main() -> (y: Int):\n    p = z()\n    return y = p.y\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECONDA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.edsl").write_text(MAIN)
    (tmp_path / "lib.py").write_text("import deep\n\n\ndef double(x):\n    return deep.TWO * x\n")
    (tmp_path / "deep.py").write_text("TWO = 2\n")
    (tmp_path / "scratch.py").write_text("print(1)\n")
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "last.py").write_text("from .near import ONE\n\n\ndef last(x):\n    return x + ONE\n")
    (tmp_path / "pkg" / "near.py").write_text("ONE = 1\n")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "main.edsl").write_text(OTHER)
    return tmp_path


def run(*args: str) -> tuple[dict, str]:
    done = CliRunner().invoke(app, [*args, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout), done.stderr


def reasons(*args: str) -> dict[str, str]:
    """Why each instance that ran again was not taken from the run before, without the name of that."""
    report, said = run("run", *args, "--resume")
    assert "follows" in said
    ran = [row for row in report["tasks"] if row["state"] != "reused"]
    return {row["instance"]: row["not_reused"].partition(": ")[2] for row in ran}


@pytest.mark.usefixtures("folder")
def test_another_file_whose_pipeline_has_the_same_name_is_not_followed() -> None:
    first, _ = run("run", "main.edsl")
    run("run", "b/main.edsl")
    report, said = run("run", "main.edsl", "--resume")
    assert f"follows {first['run']}, which has 3 results" in said
    assert {row["state"] for row in report["tasks"]} == {"reused"}
    _, said = run("run", "b/main.edsl", "--resume")
    assert "which has 1 results" in said


def test_a_file_that_never_ran_follows_nobody_but_its_own_plan(folder: Path) -> None:
    first, _ = run("run", "b/main.edsl")
    _, said = run("run", "main.edsl", "--resume")
    assert "main of main.edsl never ran on this machine" in said
    # Moved, it is still the same plan.
    shutil.move(folder / "b" / "main.edsl", folder / "moved.edsl")
    _, said = run("run", "moved.edsl", "--resume")
    assert f"follows {first['run']}" in said


def test_the_same_file_changed_is_followed(folder: Path) -> None:
    run("run", "main.edsl")
    (folder / "main.edsl").write_text(MAIN.replace("y = x + 1", "y = x + 1 + 0"))
    assert reasons("main.edsl") == {"main/p": "code"}


def test_what_no_task_reaches_makes_nothing_run_again(folder: Path) -> None:
    run("run", "main.edsl")
    (folder / "scratch.py").write_text("print(2)\n")
    (folder / "new.py").write_text("import lib\n")
    (folder / "main.edsl").write_text(MAIN.replace("pipeline main", "# A note.\npipeline main"))
    assert reasons("main.edsl") == {}


@pytest.mark.parametrize(
    ("file", "text", "again"),
    [
        ("lib.py", "import deep\n\n\ndef double(x):\n    return x * deep.TWO\n", {"main/q": "file lib.py"}),
        ("deep.py", "TWO = 1 + 1\n", {"main/q": "file deep.py"}),
        ("pkg/near.py", "ONE = 2 - 1\n", {"main/r": "file pkg/near.py"}),
        ("pkg/__init__.py", "", {"main/r": "file pkg/__init__.py"}),
        ("deep.py", "TWO = 3\n", {"main/q": "file deep.py", "main/r": "input x"}),
    ],
)
def test_a_file_that_a_task_reaches_is_named(folder: Path, file: str, text: str, again: dict[str, str]) -> None:
    run("run", "main.edsl")
    (folder / file).write_text(text)
    assert reasons("main.edsl") == again


def test_runs_of_a_file_are_remembered_newest_first(tmp_path: Path) -> None:
    file = tmp_path / "p.edsl"
    for number in range(3 * REMEMBERED):
        note_run(tmp_path, file, "main", f"main-{number}")
    note_run(tmp_path, file, "other", "other-1")
    known = list(runs_of(tmp_path, tmp_path / "x" / ".." / "p.edsl", "main"))
    assert known[:2] == [f"main-{3 * REMEMBERED - 1}", f"main-{3 * REMEMBERED - 2}"]
    assert len(known) <= 2 * REMEMBERED + 1
    assert list(runs_of(tmp_path, file, "other")) == ["other-1"]
    assert list(runs_of(tmp_path, tmp_path / "q.edsl", "main")) == []
