"""Programs whose results are easily wrong give the right ones with `econda run`."""

import json
from pathlib import Path

import pytest
from econda_adapters.embedded.runner import Home, run_plan
from econda_edsl.compiler.compile import compile_source
from typer.testing import CliRunner

from econda_cloud.cli.commands import app
from tests.answers import ANSWERS, REFUSED, Answer


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def econda(home, tmp_path, monkeypatch):
    monkeypatch.setenv("ECONDA_HOME", str(home))
    monkeypatch.chdir(tmp_path)

    def run(*words: str):
        return CliRunner().invoke(app, words)

    return run


def lay_out(answer: Answer) -> None:
    """Write the program and what lies beside it into the current folder."""
    for name, content in {"p.edsl": answer.source, **answer.files}.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("name", ANSWERS)
def test_it_is_right(econda, name):
    answer = ANSWERS[name]
    lay_out(answer)
    done = econda("run", "p.edsl", "--json")
    report = json.loads(done.stdout)
    assert (report["state"], done.exit_code) == (("failed", 1) if answer.said else ("succeeded", 0)), report["error"]
    assert {each: report["outputs"].get(each) for each in answer.outputs} == answer.outputs
    assert [part for part in answer.said if part not in report["error"]["message"]] == [], report["error"]["message"]
    for instance, log in answer.log.items():
        assert econda("logs", report["run"], instance).stdout == log


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(econda, name):
    lay_out(REFUSED[name])
    before = econda("runs", "--json").stdout
    done = econda("run", "p.edsl", "--json")
    message = json.loads(done.stdout)["error"]["message"]
    assert done.exit_code in (2, 3), done.output
    assert [part for part in REFUSED[name].said if part not in message] == [], message
    assert econda("runs", "--json").stdout == before


def test_a_traceback_names_the_pipelines_file_and_its_line(tmp_path):
    source = (
        "edsl 1\n\ntask f() -> (y: Int):\n    # a comment\n    run python:\n        x = 1\n        y = x / 0\n\n"
        + ("pipeline main() -> (y: Int):\n    a = f()\n    return y = a.y\n")
    )
    plan = compile_source(source, "folder/train.edsl").plan
    assert plan is not None
    assert plan.digest == compile_source(source.replace("    # a comment\n", ""), "other.edsl").plan.digest
    state = run_plan(Home(tmp_path), plan, {})
    assert any('File "train.edsl", line 7, in <module>\n    y = x / 0' in error for error in state.errors), state.errors
