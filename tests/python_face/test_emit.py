"""`econda emit`: the file is executed because its user says so; what comes out runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.importing.conftest import econda  # noqa: F401 - a fixture

FLOW = """
from econda_edsl.python import foreach, pipeline, task
from tasks import total

@task
def square(n: int) -> int:
    return n * n

add = task(total, inputs={"values": list[int]}, outputs={"value": int})

@pipeline
def squares(n: int = 3) -> int:
    @foreach([1, 2, 3])
    def each(one):
        found = square(one)
        return found.value * n
    result = add(each.done)
    return result.value
"""


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    (tmp_path / "tasks.py").write_text("def total(values):\n    return sum(values)\n")
    (tmp_path / "flow.py").write_text(FLOW)
    return tmp_path / "flow.py"


def test_what_is_emitted_runs(econda, flow: Path) -> None:  # noqa: F811
    done = econda("emit", flow)
    assert done.returncode == 0, done.stderr
    assert 'run python "tasks.py:total"' in (flow.parent / "squares.edsl").read_text()
    ran = econda("run", flow.parent / "squares.edsl", "-p", "n=2", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["outputs"]["value"] == 28


@pytest.mark.parametrize(
    ("edit", "said", "code"),
    [
        (("return result.value", "return 1 if result.value else 2"), "flow.py:18: <Int result.value> is known only", 3),
        (("@pipeline\n", ""), "has no pipeline", 2),
        (("values\": list[int]", "values\": list[str]"), "E0301", 3),
        (("square(one)", "square(one, 1)"), "flow.py:15: `square` takes 1 inputs", 3),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_the_line(econda, flow: Path, edit, said: str, code: int) -> None:  # noqa: F811
    flow.write_text(FLOW.replace(*edit))
    done = econda("emit", flow)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_other_commands_never_execute_python_files(econda, flow: Path) -> None:  # noqa: F811
    flow.write_text(FLOW + "\nopen('executed', 'w').close()\n")
    (flow.parent / "x.edsl").write_text(
        'edsl 1\n\ntask square(n: Int) -> (value: Int):\n    run python "flow.py:square"\n\npipeline p():\n    square(1)\n'
    )
    assert econda("check", flow.parent / "x.edsl").returncode == 0
    assert not (flow.parent / "executed").exists()


ROUNDS = """
from econda_edsl.python import pipeline, repeat, task, until

@task
def count(n: int) -> int:
    return n + 1

@pipeline
def main() -> int:
    @repeat(up_to=9, n=0)
    def found(n: int):
        return until(n >= 3, n=count(n).value)

    return found.n
"""


def test_a_test_means_the_round_in_which_it_stands(econda, tmp_path: Path) -> None:  # noqa: F811
    """In Python a name is what it was when the round began; EDSL's `until` would see what `next` has said."""
    (tmp_path / "flow.py").write_text(ROUNDS)
    assert econda("emit", "flow.py").returncode == 0
    assert "done = n >= 3" in (tmp_path / "main.edsl").read_text()
    ran = econda("run", "main.edsl", "--json")
    assert ran.returncode == 0, ran.stderr
    assert list(json.loads(ran.stdout)["outputs"].values()) == [4]
