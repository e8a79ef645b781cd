"""`econda logs`: of one instance as it was written, of several with their names, and while they write."""

from __future__ import annotations

import pytest

from econda_cloud.cli.runs.prefixed import PARTIAL_S, Printer

PAIR = """edsl 1

task say(word: String, bad: Bool = false) -> (y: Int):
    retry = linear(attempts = 2, wait = 1ms, on = any)
    run shell:
        echo "$word one"
        printf 'a\\rb\\033[1m bold\\033[0m\\n'
        echo "$word attempt $ECONDA_ATTEMPT"
        if [ "$bad" = true ]; then exit 3; fi
        echo 1 > "$OUT/y"

pipeline pair(bad: Bool = false) -> (y: Int):
    left = say("left")
    right = say("right", bad = bad) after left
    return y = left.y + right.y
"""


@pytest.fixture
def ran(shell):
    shell.write("pair.edsl", PAIR)
    shell("run", "pair.edsl", "-p", "bad=true", code=1)
    return shell


def test_of_all_instances_each_line_has_a_name_before_it(ran):
    shown = ran("logs", "last").stdout.splitlines()
    assert shown == [
        "pair/left | left one", "pair/left | b bold", "pair/left | left attempt 1",
        "pair/right | right one", "pair/right | b bold", "pair/right | right attempt 2",
    ]  # fmt: skip


def test_one_instance_has_no_names_and_its_message_stands_on_standard_error(ran):
    done = ran("logs", "last", "pair/right")
    assert done.stdout == "right one\nb bold\nright attempt 2\n"
    assert "exited with code 3" in done.stderr


def test_a_part_is_chosen_by_task_attempt_failure_and_number_of_lines(ran):
    assert ran("logs", "last", "pair/right", "--attempt", "1").stdout.endswith("attempt 1\n")
    assert {line.split()[0] for line in ran("logs", "last", "--failed").stdout.splitlines()} == {"pair/right"}
    assert len(ran("logs", "last", "say", "--tail", "1").stdout.splitlines()) == 2
    assert ran("logs", "last", "right").stdout == ran("logs", "last", "pair/r*").stdout
    assert "was never placed" in ran("logs", "last", "nothing", code=4).stderr
    assert "no attempt 9" in ran("logs", "last", "pair/left", "--attempt", "9", code=4).stderr


def test_json_is_one_object_for_an_instance_and_a_list_for_several(ran):
    assert ran.json("logs", "last", "pair/left")["log"].startswith("left one\n")
    assert [row["instance"] for row in ran.json("logs", "last")] == ["pair/left", "pair/right"]
    assert ran.json("logs", "last", "--follow", code=2)["error"]["code"] == "usage"


SLOW = """edsl 1

task wait(folder: String) -> (y: Int):
    run python:
        import os, time
        print("first words")
        while not os.path.exists(folder + "/go"):
            time.sleep(0.01)
        print("last words")
        y = 1

pipeline slow(folder: String) -> (y: Int):
    a = wait(folder)
    return y = a.y
"""


def test_what_runs_is_shown_and_followed(shell, until):
    """Another process would do the same: all it has is the folder."""
    shell.write("slow.edsl", SLOW)
    from tests.crash.killing import Shell as Processes

    processes = Processes(shell.folder)
    with processes.start("run", "slow.edsl", "-p", f"folder={shell.folder}") as running:
        until(lambda: shell.json("runs"), "the run")
        until(lambda: shell("logs", "last", "slow/a").stdout if shell.json("show")["tasks"] else "", "its log")
        assert shell("logs", "last", "slow/a").stdout == "first words\n"
        assert shell.json("show")["tasks"][0]["state"] == "running"
        assert "running" in shell("show", "--state", "running").stdout
        with processes.start("logs", "last", "--follow") as following:
            assert following.stdout is not None
            assert following.stdout.readline() == "slow/a | first words\n"
            (shell.folder / "go").touch()
            out, err = following.communicate(timeout=60)
        running.communicate(timeout=60)
    assert (out, following.returncode) == ("slow/a | last words\n", 0), err
    assert not list((shell.folder / "home" / "embedded" / "scratch" / "live").rglob("*.log"))


def test_a_line_that_does_not_end_is_shown_now_and_then(capsys):
    now = 0.0
    printer = Printer(prefixed=True, clock=lambda: now)
    for percent in range(0, 100, 10):
        printer.write("p/a", b"\r%d %%" % percent)
        now += 0.5
        printer.partial()
    printer.write("p/a", b"\rdone\nnext\n")
    shown = capsys.readouterr().out.splitlines()
    assert shown == ["p/a | 30 %", "p/a | 70 %", "p/a | done", "p/a | next"]


def test_what_was_shown_of_a_line_is_not_shown_again(capsys):
    now = 0.0
    printer = Printer(prefixed=True, clock=lambda: now)
    printer.write("p/a", b"loading")
    for _ in range(3):
        now += PARTIAL_S
        printer.partial()
    printer.write("p/a", b"\nnext")
    printer.end("p/a")
    assert capsys.readouterr().out.splitlines() == ["p/a | loading", "p/a | next"]


def test_following_a_run_that_has_ended_prints_all_of_it(ran):
    shown = ran("logs", "last", "--follow").stdout.splitlines()
    assert "pair/right | right attempt 1" in shown
    assert "pair/right | right attempt 2" in shown
