"""Whatever is wrong with the machine, the folder or what was typed: a sentence and a documented exit code, no traceback.

Each surroundings is tried with every command that looks at it, each in a process of its own.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from econda_cloud.cli.output import CODES

HELLO = """edsl 1

task greet(name: String) -> (text: String):
    run python:
        print("hello")
        text = "hello " + name

pipeline hello(name: String = "world") -> (text: String):
    a = greet(name)
    return text = a.text
"""

PROGRAM = [sys.executable, "-c", "from econda_cloud.cli import main; main()"]


class World:
    """A folder with a pipeline and a home in which it ran once; surroundings spoil one thing of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        self.variables: dict[str, str | None] = {"ECONDA_HOME": str(self.home)}
        self.before: Callable[[], None] | None = None
        self.program = PROGRAM

    @property
    def embedded(self) -> Path:
        return self.home / "embedded"

    def call(self, *words: str | bytes) -> subprocess.CompletedProcess[bytes]:
        variables = {**os.environ, **{n: v for n, v in self.variables.items() if v is not None}}
        for name, value in self.variables.items():
            if value is None:
                variables.pop(name, None)
        return subprocess.run([*self.program, *words], cwd=self.folder, env=variables, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60, check=False, preexec_fn=self.before)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    (folder / "hello.edsl").write_text(HELLO)
    done = World(folder).call("run", "hello.edsl")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def world(made, tmp_path) -> World:
    shutil.copytree(made, tmp_path / "w")
    return World(tmp_path / "w")


HERE = [["run", "hello.edsl"], ["runs"], ["show"], ["logs"], ["get"], ["why", "last", "hello/a"], ["watch", "last"],
        ["cancel", "last"], ["rerun", "last"], ["replay", "last", "--at", "1"]]  # fmt: skip
FILES = [["run"], ["check"], ["graph"], ["lock"], ["submit"]]


def well_said(done: subprocess.CompletedProcess[bytes], codes: set[int], what: object, *, heard: bool = True) -> None:
    out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    shown = f"{what} ended with {done.returncode}\n{out}\n{err}"
    assert done.returncode in codes, shown
    assert "Traceback" not in out + err, shown
    assert "a fault of econda" not in out + err, shown
    assert "\x1b" not in out + err, shown
    if done.returncode and heard:
        assert err.strip(), shown


def in_json(done: subprocess.CompletedProcess[bytes], what: object) -> None:
    """The same, asked for JSON: it is some, and an error has its one shape."""
    assert b"Traceback" not in done.stderr, done.stderr
    answer = json.loads(done.stdout)
    if done.returncode:
        assert isinstance(answer, dict), what
        assert answer["error"]["code"] == CODES[done.returncode], what
        assert answer["error"]["message"].strip(), what


def file_as_home(world: World) -> None:
    shutil.rmtree(world.home)
    world.home.write_text("")


def file_above_home(world: World) -> None:
    (world.folder / "file").write_text("")
    world.variables["ECONDA_HOME"] = str(world.folder / "file" / "home")


def home_nobody_can_make(world: World) -> None:
    world.variables["ECONDA_HOME"] = "/proc/econda/home"


def home_of_a_user_who_is_none(world: World) -> None:
    world.variables["ECONDA_HOME"] = "~nobody-of-this-name/econda"


def home_with_a_long_name(world: World) -> None:
    world.variables["ECONDA_HOME"] = str(world.folder / ("x" * 300))


def a_file_in_place_of_the_runs(world: World) -> None:
    shutil.rmtree(world.embedded)
    world.embedded.write_text("")


def a_log_that_is_none(world: World) -> None:
    for path in world.embedded.glob("log.sqlite*"):
        path.unlink()
    (world.embedded / "log.sqlite").write_text("this is no database" * 100)


def a_log_that_is_a_folder(world: World) -> None:
    for path in world.embedded.glob("log.sqlite*"):
        path.unlink()
    (world.embedded / "log.sqlite").mkdir()


def a_log_of_other_tables(world: World) -> None:
    import sqlite3

    with sqlite3.connect(world.embedded / "log.sqlite") as db:
        db.execute("drop table log")
        db.execute("create table log (x)")


def a_log_with_a_damaged_record(world: World) -> None:
    import sqlite3

    with sqlite3.connect(world.embedded / "log.sqlite") as db:
        db.execute("update log set record = ? where seq = 1", (b"{",))


def a_file_in_place_of_the_blobs(world: World) -> None:
    shutil.rmtree(world.embedded / "blobs")
    (world.embedded / "blobs").write_text("")


def plans_that_are_gone(world: World) -> None:
    shutil.rmtree(world.embedded / "blobs" / "runs")


def plans_that_are_none(world: World) -> None:
    for path in world.embedded.rglob("plan.json"):
        path.write_text("{}")


def a_team_that_is_damaged(world: World) -> None:
    (world.home / "teams" / "vision").mkdir(parents=True)
    (world.home / "teams" / "vision" / "stack.json").write_text("{")


def files_of_at_most_a_few_bytes(world: World) -> None:
    """As a full disk does, or a quota."""

    def limit() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))

    world.before = limit


def no_home_directory(world: World) -> None:
    """And no entry for the user's number."""
    code = "import pwd; pwd.getpwuid = lambda uid: {}[uid]; from econda_cloud.cli import main; main()"
    world.program = [sys.executable, "-c", code]
    world.variables |= dict.fromkeys(("HOME", "ECONDA_HOME", "LOGNAME", "USER", "LNAME", "USERNAME"))


def no_entry_for_the_user(world: World) -> None:
    no_home_directory(world)
    world.variables["ECONDA_HOME"] = str(world.home)


def a_user_with_letters_of_his_own(world: World) -> None:
    world.variables["LOGNAME"] = "Žofie Müllerová 名"


def a_language_of_ascii_only(world: World) -> None:
    world.variables |= {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def an_empty_environment(world: World) -> None:
    world.variables |= dict.fromkeys(name for name in os.environ if name not in ("PATH", "LD_LIBRARY_PATH"))
    world.variables["ECONDA_HOME"] = str(world.home)


def a_folder_that_is_gone(world: World) -> None:
    def go() -> None:
        os.makedirs("gone")
        os.chdir("gone")
        os.rmdir("../gone")

    world.before = go


def few_open_files(world: World) -> None:
    world.before = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))


def no_temporary_folder(world: World) -> None:
    world.variables |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), "/proc/none")


def a_dumb_terminal(world: World) -> None:
    world.variables |= {"TERM": "dumb", "COLUMNS": "nonsense", "NO_COLOR": "1"}


def a_team_that_is_not_there(world: World) -> None:
    world.variables["ECONDA_TEAM"] = "nobody"


def no_standard_error(world: World) -> None:
    world.before = lambda: os.close(2)


SURROUNDINGS = [
    file_as_home, file_above_home, home_nobody_can_make, home_of_a_user_who_is_none, home_with_a_long_name,
    a_file_in_place_of_the_runs, a_log_that_is_none, a_log_that_is_a_folder, a_log_of_other_tables,
    a_log_with_a_damaged_record, a_file_in_place_of_the_blobs, plans_that_are_gone, plans_that_are_none,
    a_team_that_is_damaged, files_of_at_most_a_few_bytes, no_home_directory, no_entry_for_the_user,
    a_user_with_letters_of_his_own, a_language_of_ascii_only, an_empty_environment, a_folder_that_is_gone,
    no_standard_error,
    few_open_files, no_temporary_folder, a_dumb_terminal, a_team_that_is_not_there,
]  # fmt: skip


@pytest.mark.parametrize("surroundings", SURROUNDINGS, ids=lambda each: each.__name__)
def test_a_machine_that_is_not_as_it_should_be(world, surroundings):
    surroundings(world)
    for words in HERE:
        well_said(world.call(*words), {0, 1, 2, 4}, words, heard=surroundings is not no_standard_error)
    for words in (["runs"], ["show"], ["run", "hello.edsl"]):
        in_json(world.call(*words, "--json"), words)


def absent(path: Path) -> None:
    del path


def folder(path: Path) -> None:
    path.mkdir()


def binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 100)


def latin(path: Path) -> None:
    path.write_bytes("edsl 1\n\n# Größe\n".encode("latin-1"))


def zeros(path: Path) -> None:
    path.write_bytes(b"\0" * 5000)


def long_line(path: Path) -> None:
    path.write_text("edsl 1\n\npipeline p() -> (y: Int):\n    return y = " + "1 + " * 50_000 + "1\n")


def deep(path: Path) -> None:
    path.write_text("edsl 1\n\npipeline p() -> (y: Int):\n    return y = " + "(" * 3000 + "1" + ")" * 3000 + "\n")


def link_to_nothing(path: Path) -> None:
    path.symlink_to("nothing")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def wrong_zip(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 and no more")


def nothing(path: Path) -> None:
    path.touch()


def other_mark(path: Path) -> None:
    path.write_bytes(HELLO.encode("utf-16"))


PIPELINES = {
    "absent.edsl": absent, "folder.edsl": folder, "folder.zip": folder, "binary.edsl": binary,
    "latin.edsl": latin, "zeros.edsl": zeros, "line.edsl": long_line, "deep.edsl": deep, "dead.edsl": link_to_nothing,
    "loop.edsl": link_to_itself, "wrong.zip": wrong_zip, "empty.edsl": nothing, "empty.zip": nothing,
    "utf16.edsl": other_mark, "no-suffix": binary,
}  # fmt: skip


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_that_is_none(world, name):
    PIPELINES[name](world.folder / name)
    for words in FILES:
        well_said(world.call(*words, name), {1, 2, 3}, words)
    for words in (["check"], ["run"]):
        in_json(world.call(*words, name, "--json"), words)


WORDS: list[tuple[list[str | bytes], set[int]]] = [
    ([], {2}), (["nothing"], {2}), (["rum", "hello.edsl"], {2}), (["show", "--nothing"], {2}), (["run"], {2}),
    ([b"run", b"\xff\xfe.edsl"], {2}), ([b"show", b"\xff\xfe"], {2}), ([b"logs", b"last", b"\xff\xfe"], {2}),
    (["show", ""], {0, 4}), (["show", "../../etc"], {4}), (["show", "x" * 5000], {4}), (["show", "*"], {4}),
    (["run", "hello.edsl", "-p", b"name=\xff"], {0, 2}), (["run", "hello.edsl", "--pipeline", "none"], {2, 3}),
    (["runs", "--limit", "many"], {2}), (["runs", "--limit", "99999999999999999999"], {0}),
    (["runs", "--since", "1e99"], {2}), (["runs", "--since", "999999d"], {0}), (["runs", "--before", "nothing"], {4}),
    (["replay", "last", "--at", "999999"], {0, 2}), (["logs", "last", "--tail", "-1"], {2}),
    (["logs", "last", "--attempt", "7"], {4}), (["get", "last", "-o", "hello.edsl"], {2}),
    (["get", "last", "-o", "/proc/none"], {2}), (["get", "last", "nothing"], {4}),
    (["run", "hello.edsl", "--output", "/proc/none"], {2}), (["show", "--team", "nobody"], {2}),
    (["show", "--team", "../../x"], {2}), (["why", "last", "nothing"], {4}), (["explain", "E9999"], {2}),
    (["emit", "nothing.py"], {2}), (["import", "nothing.py"], {2}), (["lint", "nothing.edsl"], {2}),
    (["fmt", "nothing.edsl"], {2}), (["docs", "nothing.edsl"], {2}), (["rerun", "nothing"], {4}),
    (["rerun", "last", "--from", "nothing"], {2}), (["cancel", "nothing"], {4}), (["watch", "nothing"], {4}),
]  # fmt: skip


@pytest.mark.parametrize(("words", "codes"), WORDS, ids=[str(words) for words, _ in WORDS])
def test_words_that_mean_nothing(world, words, codes):
    well_said(world.call(*words), codes, words)


@pytest.mark.parametrize("words", HERE, ids=lambda words: words[0])
def test_whoever_reads_may_go_away(world, words):
    """As `head` does."""
    inside, outside = os.pipe()
    os.close(inside)
    variables = {**os.environ, "ECONDA_HOME": str(world.home)}
    done = subprocess.run([*PROGRAM, *words], cwd=world.folder, env=variables, stdout=outside, stderr=subprocess.PIPE,
                          timeout=60, check=False)  # fmt: skip
    os.close(outside)
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert done.returncode in ((2,) if words[0] == "cancel" else (141,)), done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("words", [["runs"], ["show"], ["run", "hello.edsl"]], ids=lambda words: words[0])
def test_what_is_printed_cannot_be_written(world, words):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*PROGRAM, *words], cwd=world.folder, env={**os.environ, "ECONDA_HOME": str(world.home)},
                              stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 1
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_run_whose_streams_were_closed_does_its_work(world):
    def close() -> None:
        for number in (0, 1, 2):
            os.close(number)

    world.before = close
    assert world.call("run", "hello.edsl").returncode == 0


def test_every_exit_code_and_its_name_stand_in_the_docs():
    page = (Path(__file__).parents[3] / "docs" / "commands.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (?:`(\w+)`)? ?\|", page, re.MULTILINE)
    told = {int(code): name for code, name in rows}
    assert told == {0: "", **{code: name if code != 141 else "" for code, name in CODES.items()}}
