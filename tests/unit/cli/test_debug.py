"""`econda debug`: what an attempt had, in a folder in which it runs again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

BUGGY = """edsl 1

type Point:
    at: Date
    wait: Duration

secret token is environment:
    variable = "TOKEN_OF_TEST"

task make() -> (data: File, tree: Dir):
    run python:
        import os
        open("data.csv", "w").write("1\\n2\\n")
        os.mkdir("tree")
        open("tree/x", "w").write("x")
        data, tree = "data.csv", "tree"

task body(data: File, tree: Dir, point: Point, wanted: Int) -> (sum: Int):
    retry = linear(attempts = 2, wait = 1ms, on = any)
    env = {MODE: "fast", TOKEN: token}
    run python:
        import os
        from code_beside import total
        assert (point.at if hasattr(point, "at") else point["at"]).year == 2026
        assert os.environ["MODE"] == "fast"
        assert (tree / "x").read_text() == "x"
        sum = total(data)
        if sum != wanted:
            raise ValueError(f"{sum} is not {wanted}")

task entry(data: File) -> (sum: Int):
    run python "code_beside.py:total"

task words(data: File, n: Int) -> (text: String):
    run shell:
        cat "$data" > "$OUT/text"
        echo "n is $n"

pipeline buggy(point: Point = Point(at = date("2026-11-28"), wait = 5s)) -> (sum: Int):
    a = make()
    c = entry(a.data)
    d = words(a.data, 7)
    b = body(a.data, a.tree, point, 4) after c, d
    return sum = b.sum
"""

CODE = """def total(data):
    with open(data) as file:
        return sum(map(int, file))
"""


@pytest.fixture
def ran(shell, monkeypatch):
    monkeypatch.setenv("TOKEN_OF_TEST", "s3cr3t-word")
    shell.write("code_beside.py", CODE)
    shell.write("buggy.edsl", BUGGY)
    shell("run", "buggy.edsl", code=1)
    return shell


def again(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", str(folder / "run.sh")], capture_output=True, text=True, timeout=60, check=False)


def test_a_python_body_runs_again_with_all_that_it_had(ran):
    told = ran.json("debug", "last", "body")
    folder = Path(told["folder"])
    assert (told["instance"], told["attempt"]) == ("buggy/b", 2)
    assert "ValueError: 3 is not 4" in again(folder).stderr
    text = (folder / "task.py").read_text()
    (folder / "task.py").write_text(text.replace("if sum != wanted", "if False"))
    done = again(folder)
    assert (done.returncode, done.stderr) == (0, "sum = 3\n")
    assert not [path for path in folder.rglob("*") if path.is_file() and b"s3cr3t-word" in path.read_bytes()]
    assert "TOKEN is a secret" in (folder / "run.sh").read_text()


def test_changing_its_inputs_changes_nothing_that_is_kept(ran):
    folder = Path(ran.json("debug", "last", "entry")["folder"])
    [data] = (folder / "inputs").glob("*/data.csv")
    data.write_text("40\n2\n")
    assert again(folder).stderr == "returned 42\n"
    again_ = Path(ran.json("debug", "last", "entry", "-o", "other")["folder"])
    assert again(again_).stderr == "returned 3\n"


def test_a_shell_task_runs_again(ran):
    folder = Path(ran.json("debug", "last", "buggy/d")["folder"])
    done = again(folder)
    assert (done.returncode, done.stdout) == (0, "n is 7\n")
    assert (folder / "work" / "out" / "text").read_text() == "1\n2\n"


def test_without_a_name_it_is_what_has_failed(ran):
    folder = ran("debug", "--no-shell").stdout.strip()
    assert folder.rpartition("-")[2].startswith("buggy_")
    assert "is there already" in ran("debug", "--no-shell", code=2).stderr
    assert "never ran" in ran("debug", "last", "nothing", code=4).stderr
    assert "was never placed" in ran("debug", "last", "body", "--attempt", "9", "-o", "x", code=1).stderr
    assert not (ran.folder / "x").exists()
