"""Files given on the command line: where they may be, and what is said of those that are not there."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from econda_cloud.cli.commands import app

SOURCE = """edsl 1

task count(data: File, more: List[File], all: Dir) -> (lines: Int, names: String, copy: File):
    run python:
        import os, shutil
        lines = sum(1 for each in [data, *more] for _ in open(each))
        names = " ".join([os.path.basename(data), *sorted(os.listdir(all))])
        copy = shutil.copy(data, "copy.csv")

pipeline main(
    data: File = file("train.csv"), more: List[File] = files("days/**/*.csv"), all: Dir = dir("days"),
) -> (lines: Int, names: String, copy: File):
    c = count(data, more, all)
    return lines = c.lines, names = c.names, copy = c.copy
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECONDA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.edsl").write_text(SOURCE)
    (tmp_path / "train.csv").write_text("a\nb\n")
    (tmp_path / "days" / "x").mkdir(parents=True)
    (tmp_path / "days" / "1.csv").write_text("c\n")
    (tmp_path / "days" / "x" / "2.csv").write_text("d\n")
    (tmp_path / "days" / "note.txt").write_text("e\n")
    return tmp_path


def outputs(*args: str) -> dict:
    done = CliRunner().invoke(app, ["run", "p.edsl", "--json", *args])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["outputs"]


def refused(*args: str) -> str:
    done = CliRunner().invoke(app, ["run", "p.edsl", *args])
    assert done.exit_code == 2, done.output
    assert json.loads(CliRunner().invoke(app, ["runs", "--json"]).stdout) == []
    return done.stderr


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "far.csv").write_text("1\n2\n3\n")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "web"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.usefixtures("folder")
def test_what_lies_beside_the_pipeline_travels_with_it() -> None:
    assert outputs()["lines"] == 4
    assert outputs()["names"] == "train.csv 1.csv note.txt x"


def test_paths_and_folders(folder: Path) -> None:
    (folder / "other").mkdir()
    (folder / "other" / "in.csv").write_text("1\n2\n3\n4\n5\n")
    got = outputs("-p", "data=other/in.csv", "-p", 'more=["train.csv"]', "-p", "all=other")
    assert (got["lines"], got["names"]) == (7, "in.csv in.csv")
    # Paths in a file start where the file lies.
    (folder / "other" / "mine.yaml").write_text("data: in.csv\nmore: []\n")
    assert outputs("--params", "other/mine.yaml")["lines"] == 5


def test_the_same_content_is_kept_once(folder: Path) -> None:
    outputs("-p", "data=train.csv")
    (folder / "twin.csv").write_text("a\nb\n")
    outputs("-p", "data=twin.csv")
    digest = hashlib.sha256(b"a\nb\n").hexdigest()
    kept = [path for path in (folder / "home").rglob(digest) if "artifacts" in path.parts]
    assert len(kept) == 1


@pytest.mark.usefixtures("folder")
def test_an_address(address: str) -> None:
    assert outputs("-p", f"data={address}/far.csv")["names"].startswith("far.csv ")
    assert "it cannot be fetched" in refused_after_one_run("-p", f"data={address}/gone.csv")


def refused_after_one_run(*args: str) -> str:
    done = CliRunner().invoke(app, ["run", "p.edsl", *args])
    assert done.exit_code == 2, done.output
    return done.stderr


@pytest.mark.usefixtures("folder")
def test_an_output_of_an_earlier_run() -> None:
    copy = outputs("-p", "more=[]")["copy"]
    assert outputs("-p", "data=run:last/copy", "-p", "more=[]")["names"].startswith("copy.csv ")
    assert outputs("-p", f"data={json.dumps(copy)}", "-p", "more=[]")["lines"] == 2
    assert "has no output `cpy`" in refused_after_one_run("-p", "data=run:last/cpy")
    assert "the output `lines`" in refused_after_one_run("-p", "data=run:last/lines")
    copy["$artifact"]["key"] = "artifacts/other/sha256/" + copy["$artifact"]["sha256"]
    assert "is no artifact of the namespace local" in refused_after_one_run("-p", f"data={json.dumps(copy)}")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("data=gone.csv", "there is no file or folder gone.csv in "),
        ("data=days", "`days` is a folder; declare `Dir`"),
        ("all=train.csv", "`train.csv` is a file; declare `File`"),
        ("data=s3://bucket", "write s3://BUCKET/KEY"),
        ("data=/dev/null", "neither a file nor a folder"),
    ],
)
def test_what_is_not_there_is_said_before_anything_starts(pair: str, said: str) -> None:
    assert said in refused("-p", pair)


def test_nothing_is_stored_for_a_run_that_cannot_start(folder: Path) -> None:
    refused("-p", "data=train.csv", "-p", "all=gone")
    assert list((folder / "home").rglob("artifacts/*/sha256/*")) == []


def test_links_and_hidden_files_do_not_travel(folder: Path) -> None:
    (folder / "secret").write_text("s\n")
    (folder / "days" / "link.csv").symlink_to(folder / "secret")
    (folder / "days" / ".hidden.csv").write_text("h\n")
    assert outputs()["lines"] == 4


def test_the_parameters_of_a_bundle_name_what_lies_in_it(folder: Path) -> None:
    with zipfile.ZipFile(folder / "p.zip", "w") as archive:
        archive.writestr("main.edsl", SOURCE)
        archive.writestr("inner/in.csv", "1\n2\n3\n")
        archive.writestr("train.csv", "1\n")
        archive.writestr("days/1.csv", "1\n")
        archive.writestr("params.yaml", "data: inner/in.csv\nmore: [./train.csv]\nall: inner\n")
    done = CliRunner().invoke(app, ["run", "p.zip", "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)["outputs"]
    assert (report["lines"], report["names"]) == (4, "in.csv in.csv")


def test_a_program_stays_one(folder):
    (folder / "tool").write_text("#!/bin/sh\necho it runs\n")
    (folder / "tool").chmod(0o755)
    source = 'edsl 1\n\ntask use(tool: File) -> (said: String):\n    run shell:\n        "$tool" > "$OUT/said"\n\n'
    steps = "    a = use(tool)\n    return said = a.said, same = tool\n"
    (folder / "p.edsl").write_text(source + f"pipeline main(tool: File) -> (said: String, same: File):\n{steps}")
    first = outputs("-p", "tool=tool")
    assert first["said"] == "it runs"
    (folder / "params.yaml").write_text("tool:\n  " + json.dumps(first["same"]))
    assert outputs()["said"] == "it runs"
    CliRunner().invoke(app, ["get", "last", "same", "-o", "got"])
    assert os.access(folder / "got" / "same", os.X_OK)


def test_a_name_that_begins_as_a_home_and_is_none(folder):
    (folder / "~nobody-at-all.csv").write_text("1\n2\n3\n")
    assert outputs("-p", "data=~nobody-at-all.csv")["lines"] == 5


def test_paths_that_cannot_be_looked_at(folder):
    assert "File name too long" in refused("-p", f"data={'x' * 5000}")
    os.mkfifo(folder / "queue")
    assert "neither a file nor a folder" in refused("-p", "data=queue")
    os.mkfifo(folder / "days" / "queue")
    assert "queue is a FIFO" in refused("-p", "all=./days")
