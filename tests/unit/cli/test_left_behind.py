"""What lies beside a pipeline and does not come to its tasks: warned of, and listed with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from econda_edsl.compiler.bodies.opened import opened_by_python, opened_by_shell
from typer.testing import CliRunner

from econda_cloud.cli.commands import app

SOURCE = """edsl 1

task a() -> (y: Int):
    run python:
        import helpers.inner, util, linked
        import pandas as pd

        y = len(pd.read_csv("in.csv")) + helpers.inner.x

task b(data: File) -> (y: Int):
    run shell:
        wc -l ./in.csv $data > kept.txt  # in.csv
        echo 1 > $OUT/y

pipeline main(data: File = file("given.csv")) -> (y: Int):
    p = a()
    q = b(data)
    return y = p.y + q.y
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECONDA_HOME", str(tmp_path / "home"))
    place = tmp_path / "place"
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("helpers", "other", ".hidden", "place"):
        (place / name).mkdir(parents=True)
    monkeypatch.chdir(place)
    (place / "p.edsl").write_text(SOURCE)
    (place / "in.csv").write_text("1\n")
    (place / "given.csv").write_text("1\n")
    (place / "kept.txt").write_text("1\n")
    (place / "params.yaml").write_text("{}\n")
    (place / "util.py").write_text("import helpers\n\nz = open('in.csv')\n")
    (place / "helpers" / "inner.py").write_text("x = 1\n")
    (place / "other" / "code.py").write_text("x = 1\n")
    (tmp_path / "far.py").write_text("x = 1\n")
    (place / "linked.py").symlink_to(tmp_path / "far.py")
    return place


def checked(*args: str) -> tuple[str, str]:
    done = CliRunner().invoke(app, ["check", "p.edsl", *args])
    assert done.exit_code == 0, done.output
    return done.stdout, done.stderr


@pytest.mark.usefixtures("folder")
def test_files_that_code_reads_by_name_are_warned_of() -> None:
    report = json.loads(checked("--json")[0])
    places = [(each["path"], each["line"], each["column"]) for each in report["warnings"]]
    assert places == [("p.edsl", 8, 29), ("p.edsl", 12, 15), ("util.py", 3, 10), ("p.edsl", 5, 9)]
    said = [each["message"] for each in report["warnings"]]
    assert said[0].startswith("`in.csv` lies beside the pipeline, but a task runs in an empty folder of its own")
    assert 'file("in.csv")' in said[0]
    assert "`linked` lies beside the pipeline as a link" in said[3]
    assert "warning: p.edsl:8:29: `in.csv`" in checked()[1]


@pytest.mark.usefixtures("folder")
def test_what_travels_and_what_is_left_out_is_listed() -> None:
    report = json.loads(checked("--json")[0])
    assert report["files"] == ["given.csv", "helpers/inner.py", "util.py"]
    left = report["left_out"]
    assert set(left) == {"in.csv", "kept.txt", "linked.py", "other/", ".hidden/", "params.yaml", "place/"}
    assert left["linked.py"].startswith("a link")
    assert left["other/"].startswith("a folder that no path in the pipeline leads into")
    assert 'file("in.csv")' in left["in.csv"]
    told = checked("-v")[0]
    assert "  travels: helpers/inner.py, for a\n" in told
    assert "  left out: .hidden/: hidden\n" in told
    assert "left out" not in checked()[0]


def test_a_package_that_code_imports_travels(folder: Path) -> None:
    source = SOURCE.replace(", linked", "").replace('len(pd.read_csv("in.csv")) + ', "").replace("./in.csv ", "")
    (folder / "p.edsl").write_text(source.replace("import pandas as pd", ""))
    (folder / "util.py").write_text("import helpers\n")
    done = CliRunner().invoke(app, ["run", "p.edsl", "--json"])
    assert json.loads(done.stdout)["outputs"] == {"y": 2}, done.output


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("open('a.csv')", ["a.csv"]),
        ("open('a.csv', 'rb')", ["a.csv"]),
        ("open('a.csv', mode='r')", ["a.csv"]),
        ("pd.read_parquet('d/a.parquet')", ["d/a.parquet"]),
        ("np.load('a.npy')", ["a.npy"]),
        ("Path('a.txt').read_text()", ["a.txt"]),
        ("open('a.csv', 'w')", []),
        ("open('a.csv', mode)", []),
        ("open('a.csv', 'w')\nopen('a.csv')", []),
        ("out = 'a.csv'\nopen('a.csv')", []),
        ("open('/etc/passwd')", []),
        ("pd.read_csv('s3://b/k')", []),
        ("open(name)", []),
        ("open(", []),
    ],
)
def test_names_that_python_reads(code: str, names: list[str]) -> None:
    assert [each.name for each in opened_by_python(code)] == names


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("cat a.csv d/b.txt", ["a.csv", "d/b.txt"]),
        ("sort < a.csv > b.csv", ["a.csv"]),
        ("tee b.csv < ./a.csv", ["./a.csv"]),
        ("# cat a.csv\necho $OUT/a.csv ${x}/b.csv", []),
        ("curl -o a.csv https://example.org", []),
    ],
)
def test_words_of_a_shell_that_may_be_files(code: str, names: list[str]) -> None:
    assert [each.name for each in opened_by_shell(code)] == names
