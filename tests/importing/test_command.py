"""`econda import`: formats found by content, files written once, and a report that a program can read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

MACHINE = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 0, "End": True}}})
DAGS = "import airflow\nwith DAG('d1'):\n    BashOperator(task_id='a', bash_command='true', pool='p')\n"


def test_the_report_says_where_what_why_and_what_instead(econda, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAGS)
    done = econda("import", "dag.py", "-o", "new/folder")
    assert done.returncode == 5, done.stderr
    assert done.stdout == (
        "new/folder/d1.edsl: pipeline d1 from airflow, 1 steps, 0 dependencies\n"
        "1 not carried over:\n"
        "  dag.py:3: `pool` of `a`: pools of this system are machines, not counters; bound a loop with `parallel`\n"
    )
    assert econda("check", "new/folder/d1.edsl").returncode == 0
    assert econda("fmt", "--check", "new/folder/d1.edsl").returncode == 0
    told = json.loads(econda("import", "dag.py", "-o", "other", "--json").stdout)
    assert told["files"] == ["other/d1.edsl"]
    assert [set(each) for each in told["gaps"]] == [{"where", "what", "why", "instead"}]


def test_files_that_are_there_stay_unless_forced(econda, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(MACHINE)
    (tmp_path / "asl_data.py").write_text("mine")
    done = econda("import", "m.json")
    assert done.returncode == 2
    assert "asl_data.py is there already" in done.stderr
    assert not (tmp_path / "m.edsl").exists()
    assert econda("import", "m.json", "--force").returncode == 5
    assert (tmp_path / "asl_data.py").read_text() != "mine"


def test_several_pipelines_of_one_file_are_named(econda, tmp_path: Path) -> None:
    (tmp_path / "dags.py").write_text(DAGS + DAGS.partition("\n")[2].replace("d1", "d2"))
    done = econda("import", "dags.py")
    assert done.stdout.startswith("d1.edsl: pipelines d1, d2 from airflow, 2 steps")


def test_what_does_not_fit_is_written_and_shown(econda, tmp_path: Path) -> None:
    (tmp_path / "t.cwl").write_text(
        "cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: x\ninputs: {n: {type: int, default: text}}\noutputs: []\n"
    )
    done = econda("import", "t.cwl")
    assert done.returncode == 3
    assert "t.edsl is written, but must be corrected" in done.stderr
    assert "E0301" in done.stderr
    assert (tmp_path / "t.edsl").exists()


@pytest.mark.parametrize(
    ("args", "said", "code"),
    [
        (["nowhere.json"], "cannot read nowhere.json: No such file", 2),
        (["notes.txt"], "not recognised as any of asl, cwl, airflow, wfformat, nextflow-trace", 3),
        (["notes.txt", "--from", "luigi"], "`luigi` is no format", 2),
        (["notes.txt", "--from", "asl"], "notes.txt:1:1: not JSON", 3),
        (["m.json", "--time-scale", "fast"], "--time-scale `fast` is no number", 2),
        (["m.json", "--time-scale", "1/0"], "--time-scale `1/0` is no number", 2),
        (["m.json", "-o", "notes.txt/x"], "cannot write", 2),
    ],
)
def test_mistakes_are_told(econda, tmp_path: Path, args: list[str], said: str, code: int) -> None:
    (tmp_path / "m.json").write_text(MACHINE)
    (tmp_path / "notes.txt").write_text("buy milk\n")
    done = econda("import", *args)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
