"""`econda rm` and `gc`: what was asked for goes, what others need stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from econda_adapters.clock import now_ms
from econda_adapters.embedded.home import Home

from econda_cloud.ports.run_index import IndexedRun

KEEPING = """edsl 1

task make(word: String) -> (made: File):
    cache = inputs
    run python "code.py:make"

task use(made: File, word: String) -> (text: String):
    run python:
        print(word)
        text = open(made).read()

pipeline keeping(word: String) -> (made: File, text: String):
    a = make("same")
    b = make(word)
    c = use(b.made, word)
    return made = a.made, text = c.text
"""

CODE = """def make(word):
    with open("made.txt", "w") as file:
        file.write(word * 1000)
    return "made.txt"
"""


@pytest.fixture
def ran(shell):
    shell.write("code.py", CODE)
    shell.write("keeping.edsl", KEEPING)
    for word in ("one", "two"):
        shell("run", "keeping.edsl", "-p", f"word={word}")
    return shell


def artifacts(shell) -> set[str]:
    folder = shell.folder / "home" / "embedded" / "blobs" / "artifacts"
    return {path.read_text()[:4] for path in folder.rglob("*") if path.is_file()}


def names(shell) -> list[str]:
    return [row["run"] for row in shell.json("runs")]


def test_a_run_goes_with_its_log_its_outputs_and_what_only_it_needed(ran):
    newest, oldest = names(ran)
    ran.json("rm", oldest, "--dry-run")
    assert names(ran) == [newest, oldest]
    for path in (ran.folder / "home" / "embedded" / "blobs" / "cache").rglob("*.json"):
        path.unlink()
    removed = ran.json("rm", oldest)
    assert (removed["runs"], removed["removed"]) == ([oldest], True)
    assert removed["bytes"] > 3000
    assert names(ran) == [newest]
    assert not [path for path in (ran.folder / "home").rglob("*") if oldest in path.name]
    assert artifacts(ran) == {"same", "twot"}
    ran("show", oldest, code=4)
    assert Path(ran.json("get", "last", "-o", "out")["outputs"]["made"]).read_text().startswith("same")


def test_code_that_a_later_run_goes_on_with_stays(ran):
    first = names(ran)[-1]
    ran("rerun", first, "--from", "use")
    ran("rm", first)
    assert ran.json("rerun", "last", "--from", "make")["outputs"]["text"] == "one" * 1000


def test_results_that_are_kept_keep_their_files(ran):
    ran("rm", *names(ran))
    assert artifacts(ran) == {"same", "oneo", "twot"}
    again = ran.json("run", "keeping.edsl", "-p", "word=one")
    states = {row["instance"]: row["state"] for row in again["tasks"]}
    assert (states["keeping/a"], states["keeping/b"]) == ("reused", "reused")


def test_gc_removes_what_is_old_and_no_run_needs(ran):
    assert ran.json("gc")["runs"] == []
    for path in (ran.folder / "home" / "embedded" / "blobs").rglob("*"):
        os.utime(path, (1, 1))
    would = ran.json("gc", "--older-than", "0s", "--dry-run")
    assert (len(would["runs"]), would["removed"], len(names(ran))) == (2, False, 2)
    assert ran.json("gc", "--older-than", "0s") == {**would, "removed": True}
    assert (names(ran), artifacts(ran)) == ([], set())
    assert ran.json("run", "keeping.edsl", "-p", "word=one")["state"] == "succeeded"
    assert "no time span" in ran("gc", "--older-than", "a while", code=2).stderr


def test_nothing_is_removed_while_a_run_goes_on(ran):
    from econda_adapters.embedded.holding import holding

    other, _ = names(ran)
    with holding(ran.folder / "home" / "embedded", "somebody's"):
        assert "a run goes on" in ran("gc", "--older-than", "0s", code=1).stderr
        assert "a run goes on" in ran("rm", other, code=1).stderr
    with holding(ran.folder / "home" / "embedded", other):
        assert f"econda cancel {other}" in ran("rm", other, code=1).stderr
    assert len(names(ran)) == 2


def test_runs_go_by_themselves_when_they_are_very_old_and_one_is_asked_once_a_day(ran, monkeypatch):
    home = Home(ran.folder / "home" / "embedded")
    old = now_ms() - 401 * 86_400_000

    def left() -> set[str]:
        return {run.run for run in home.runs.newest("local", 10)} & {"old-1", "old-2", "old-3"}

    home.runs.add(IndexedRun("local", "old-1", old))
    monkeypatch.setenv("ECONDA_KEEP", "never")
    ran("run", "keeping.edsl", "-p", "word=one")
    assert left() == {"old-1"}
    monkeypatch.setenv("ECONDA_KEEP", "ages")
    assert "ECONDA_KEEP: `ages` is no time span" in ran("run", "keeping.edsl", "-p", "word=one").stderr
    assert left() == {"old-1"}
    monkeypatch.delenv("ECONDA_KEEP")
    assert "1 runs older than 400d were removed" in ran("run", "keeping.edsl", "-p", "word=one").stderr
    assert (left(), len(names(ran))) == (set(), 5)
    home.runs.add(IndexedRun("local", "old-2", old))
    ran("run", "keeping.edsl", "-p", "word=one")
    assert left() == {"old-2"}
    os.utime(home.root / "expired", (1, 1))
    ran("run", "keeping.edsl", "-p", "word=one")
    assert left() == set()
