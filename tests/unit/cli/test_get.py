"""Outputs of a run as files: readable, the user's own, and never over what is not econda's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

MADE = """edsl 1

type Fit:
    rate: Float
    model: File

task make() -> (table: File, tree: Dir, note: String, numbers: List[Int], fits: List[Fit]):
    run python:
        import os
        open("data.csv", "w").write("a,b\\n")
        os.makedirs("tree/below")
        open("tree/below/x.txt", "w").write("x")
        open("m.tar.gz", "w").write("weights")
        table, tree, note, numbers = "data.csv", "tree", "two\\nlines", [1, 2]
        fits = [{"rate": 0.5, "model": "m.tar.gz"}]

pipeline made() -> (table: File, tree: Dir, note: String, numbers: List[Int], fits: List[Fit]):
    a = make()
    return table = a.table, tree = a.tree, note = a.note, numbers = a.numbers, fits = a.fits
"""


@pytest.fixture
def ran(shell):
    shell.write("made.edsl", MADE)
    shell("run", "made.edsl")
    return shell


def texts(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


WHOLE = {
    "table.csv": "a,b\n",
    "tree/below/x.txt": "x",
    "note.txt": "two\nlines\n",
    "fits.files/fits.0.model.tar.gz": "weights",
}


def test_every_run_has_a_folder_of_its_outputs_which_show_names(ran):
    folder = Path(ran.json("show")["outputs_folder"])
    found = texts(folder)
    assert json.loads(found.pop("numbers.json")) == [1, 2]
    assert json.loads(found.pop("fits.json")) == [{"rate": 0.5, "model": "fits.files/fits.0.model.tar.gz"}]
    assert found == WHOLE
    assert f"outputs: {folder}" in ran("show").stdout


def test_get_writes_all_or_those_that_are_named(ran):
    run = ran.json("show")["run"]
    named = ran.json("get", "last", "table", "note", "-o", "some")
    assert named == {"run": run, "outputs": {"table": "some/table.csv", "note": "some/note.txt"}}
    assert sorted(texts(ran.folder / "some")) == ["note.txt", "table.csv"]
    assert "tree" in ran("get").stdout
    assert texts(ran.folder / run).items() >= WHOLE.items()


def test_run_writes_them_where_one_wants_and_writes_over_its_own(ran):
    ran("run", "made.edsl", "--output", "out")
    (ran.folder / "out" / "mine.txt").write_text("mine")
    (ran.folder / "out" / "tree" / "old").write_text("old")
    ran("run", "made.edsl", "--output", "out")
    found = texts(ran.folder / "out")
    assert (found["mine.txt"], "tree/old" in found) == ("mine", False)
    assert found.items() >= WHOLE.items()


def test_a_folder_that_cannot_be_written_is_said_before_the_run(shell):
    shell.write("made.edsl", MADE)
    shell.write("file", "")
    assert "file cannot be made" in shell("run", "made.edsl", "--output", "file", code=2).stderr
    assert shell.json("runs") == []


@pytest.mark.parametrize("name", ["table.csv", "tree", "note.txt"])
def test_what_is_not_econdas_is_left_alone(ran, name):
    (ran.folder / "out").mkdir()
    (ran.folder / "out" / name).write_text("mine")
    error = ran.json("get", "last", "-o", "out", code=2)["error"]
    assert f"out/{name} is there already" in error["message"]
    assert (ran.folder / "out" / name).read_text() == "mine"
    assert not list((ran.folder / "out").glob(".writing*"))


def test_changing_a_copy_changes_nothing_that_is_kept(ran):
    folder = Path(ran.json("show")["outputs_folder"])
    with (folder / "table.csv").open("a") as file:
        file.write("changed")
    (folder / "tree" / "below" / "x.txt").write_text("changed")
    ran("get", "last", "-o", "again")
    assert texts(ran.folder / "again").items() >= WHOLE.items()


def test_what_is_not_there_is_said(ran):
    assert "did you mean `table`" in ran.json("get", "last", "tabel", code=4)["error"]["message"]
    ran.write("bad.edsl", 'edsl 1\n\npipeline bad() -> (y: Int):\n    assert 1 > 2, "no"\n    return y = 1\n')
    ran("run", "bad.edsl", code=1)
    assert "has failed and has no outputs" in ran("get", code=1).stderr
    assert ran.json("show")["outputs_folder"] is None


def test_what_an_instance_made_can_be_had_although_the_run_has_failed(ran):
    ran.write("half.edsl", MADE.replace("return table", 'assert len(a.numbers) > 5, "few"\n    return table'))
    ran("run", "half.edsl", code=1)
    made = ran.json("get", "last", "made/a", "-o", "half")["outputs"]
    assert made["made/a.table"].endswith("/table.csv")
    assert Path(made["made/a.table"]).read_text() == "a,b\n"
    assert len(made) == 5


def test_a_file_that_is_damaged_or_gone_is_said(ran):
    [blob] = [path for path in (ran.folder / "home").rglob("*") if path.is_file() and path.read_bytes() == b"a,b\n"
              and "artifacts" in path.parts]  # fmt: skip
    blob.write_text("other")
    assert "damaged" in ran("get", "last", "table", "-o", "out", code=2).stderr
    blob.unlink()
    assert "is gone from the store" in ran("get", "last", "table", "-o", "out", code=2).stderr


def test_what_is_large_is_copied_only_when_asked_for(ran, monkeypatch):
    monkeypatch.setattr("econda_cloud.cli.runs.ends_here.LAID_OUT_MOST", 6)
    done = ran("run", "made.edsl")
    folder = Path(ran.json("show")["outputs_folder"])
    assert sorted(texts(folder)) == ["note.txt", "numbers.json", "table.csv"]
    assert "note: tree has" in done.stderr
    assert "note: fits has" in done.stderr
    ran("get", "last", "tree", "-o", "tree-only")
    assert texts(ran.folder / "tree-only") == {"tree/below/x.txt": "x"}


KEYS = """edsl 1

task make() -> (kept: Map[String, File]):
    run python:
        for each in ("one", "two", "three"):
            with open(each, "w") as file:
                file.write(each)
        kept = {"a/b": "one", "a_b": "two", "../" + "x" * 300: "three"}

pipeline keyed() -> (kept: Map[String, File]):
    a = make()
    return kept = a.kept
"""


def test_keys_that_are_the_same_as_names_or_none_have_files_of_their_own(shell):
    shell.write("keyed.edsl", KEYS)
    shell("run", "keyed.edsl")
    shell("get", "last", "-o", "got")
    places = json.loads((shell.folder / "got" / "kept.json").read_text())
    assert [(shell.folder / "got" / place).read_text() for place in places.values()] == ["one", "two", "three"]


def times(folder: Path) -> set[int]:
    """When each file and folder was last changed, in ms."""
    return {path.stat().st_mtime_ns // 1_000_000 for path in folder.rglob("*") if not path.name.startswith(".")}


def test_files_and_folders_have_the_time_at_which_they_were_made(ran):
    finished = ran.json("show")["finished_ms"]
    ran("get", "last", "-o", "got")
    assert times(ran.folder / "got") == {finished}
    assert times(Path(ran.json("show")["outputs_folder"])) == {finished}
    [task] = ran.json("show")["tasks"]
    ran("get", "last", "made/a", "-o", "instance")
    [folder] = (ran.folder / "instance").iterdir()
    assert times(folder) == {task["ended_ms"]}
