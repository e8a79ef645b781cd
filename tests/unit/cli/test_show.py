"""`econda show` and `runs`: what failed comes first, fans are folded, and no line is longer than the terminal."""

from __future__ import annotations

import re

import pytest

from econda_cloud.cli.runs import columns, times
from econda_cloud.cli.runs.columns import Column, print_rows

FAN = """edsl 1

task one(i: Int) -> (y: Int):
    run python:
        print("at", i)
        if i in (3, 7):
            raise ValueError(f"bad record {i}")
        y = i

task total(ys: List[Int]) -> (sum: Int):
    run python:
        sum = sum(ys)

pipeline fan(n: Int = 60, all: Bool = false) -> (sum: Int):
    many = foreach i in 1..n up to 100 with tolerate = 10%:
        it = one(i)
        gather it.y
    added = total(many.done)
    when all:
        more = total([1])
    return sum = added.sum
"""


@pytest.fixture
def ran(shell):
    shell.write("fan.edsl", FAN)
    shell("run", "fan.edsl")
    return shell


def lines(done) -> list[str]:
    return done.stdout.splitlines()


def test_what_failed_stands_before_all_else_with_its_last_words(ran):
    shown = lines(ran("show"))
    first = shown.index("failed: 2")
    assert shown[first + 1].startswith("  fan/many[2]/it: failed after ")
    assert shown[first + 2] == "    ValueError: bad record 3"
    assert any(line.startswith("  fan/many[6]/it: failed after ") for line in shown)
    table = next(number for number, line in enumerate(shown) if line.startswith("instance"))
    assert first < table


def test_members_of_a_fan_are_folded_into_one_line_with_counts(ran):
    shown = ran("show").stdout
    assert re.search(r"^fan/many\[\*\]/it +2 failed, 58 succeeded +local +60 ", shown, re.MULTILINE)
    assert re.search(r"^fan/added +succeeded +local +1 ", shown, re.MULTILINE)
    assert re.search(r"^fan/when/more +skipped$", shown, re.MULTILINE)
    assert "it[" not in shown
    assert len(shown.splitlines()) < 30


def test_instances_are_chosen_by_state_and_task(ran):
    assert len(ran.json("show", "--failed")["tasks"]) == 2
    assert len(ran.json("show", "--state", "succeeded")["tasks"]) == 59
    assert len(ran.json("show", "--task", "one")["tasks"]) == 60
    assert [row["instance"] for row in ran.json("show", "--task", "added")["tasks"]] == ["fan/added"]
    assert len(ran.json("show", "--task", "fan/many[1*]/it")["tasks"]) == 11
    assert len(ran.json("show", "--task", "one", "--state", "failed")["tasks"]) == 2
    assert ran.json("show", "--task", "nothing", code=4)["error"]["code"] == "not_found"
    assert len(ran.json("show")["tasks"]) == 61


def test_all_lists_every_instance_and_failed_every_failure(ran):
    shown = lines(ran("show", "--all"))
    assert sum(line.startswith("fan/many[") for line in shown) == 60
    assert "instance" not in ran("show", "--failed").stdout
    assert "nothing has failed" in ran("show", "--task", "total", "--failed").stdout


def test_a_terminal_of_sixty_columns_is_wide_enough(ran, monkeypatch):
    monkeypatch.setattr(columns, "width", lambda: 60)
    ran("run", "fan.edsl", "-p", "n=2")
    for words in (["show", "--all"], ["runs"]):
        table = [line for line in lines(ran(*words)) if not line.startswith(" ")]
        assert max(map(len, table)) <= 60, table
        assert re.search(r"succeeded", "\n".join(table))


def test_a_row_too_long_for_the_terminal_has_its_name_on_a_line_of_its_own(capsys):
    print_rows([Column("instance"), Column("state"), Column("time", 1)], [["x" * 30, "failed", "1 s"]], room=40)
    assert capsys.readouterr().out.splitlines() == [f"{'instance':30}  state", f"{'x' * 30}  failed"]
    print_rows([Column("instance"), Column("state")], [["x" * 30, "failed"]], room=35)
    assert capsys.readouterr().out.splitlines() == ["x" * 30, "  failed"]


def test_a_pipe_has_no_colours_and_no_end_of_a_line(ran):
    shown = ran("show").stdout
    assert "\x1b" not in shown
    long = "x" * 300
    ran.write("long.edsl", f'edsl 1\n\npipeline long() -> (y: String):\n    return y = "{long}"\n')
    ran("run", "long.edsl")
    assert f'  y = "{long}"' in lines(ran("show"))


def test_after_a_failure_the_last_line_says_what_to_type(shell):
    shell.write("fan.edsl", FAN.replace("tolerate = 10%", "tolerate = 0%"))
    done = shell("run", "fan.edsl", code=1)
    run = lines(done)[0].partition(":")[0]
    last = done.stderr.splitlines()[-1]
    said = re.fullmatch(
        rf"see why: econda logs {run} '(.+)'; go on once that is mended: econda run fan.edsl --resume", last
    )
    assert said, last
    assert "at " in shell("logs", run, said[1]).stdout
    watched = shell("watch", run, code=1).stderr.splitlines()[-1]
    assert watched == last.replace("econda run fan.edsl --resume", f"econda rerun {run}")


def test_runs_tell_when_and_how_long_and_are_chosen_by_state_pipeline_and_time(ran):
    ran.write("bad.edsl", FAN.replace("tolerate = 10%", "tolerate = 0%").replace("pipeline fan", "pipeline bad"))
    ran("run", "bad.edsl", code=1)
    listed = lines(ran("runs"))
    assert listed[0].split() == ["run", "state", "began", "time", "succeeded", "failed", "spent", "where"]
    assert re.match(r"bad-\w+ +failed +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d+\.\d+ s ", listed[1])
    assert [row["state"] for row in ran.json("runs", "--state", "failed")] == ["failed"]
    assert [row["state"] for row in ran.json("runs", "--pipeline", "fan")] == ["succeeded"]
    assert len(ran.json("runs", "--since", "1h")) == 2
    assert ran.json("runs", "--since", "2999-01-01") == []
    assert ran.json("runs", "--since", "soon", code=2)["error"]["code"] == "usage"
    assert "is no state of a run" in ran("runs", "--state", "odd", code=2).stderr


@pytest.mark.parametrize(("ms", "text"), [
    (7, "0.007 s"), (9_999, "9.999 s"), (59_900, "59.9 s"), (60_000, "1 min 0 s"), (3_599_000, "59 min 59 s"),
    (7_500_000, "2 h 5 min"), (100_000_000, "1 d 3 h"),
])  # fmt: skip
def test_durations(ms, text):
    assert times.duration(ms) == text


def test_time_spans():
    assert times.ago_ms("30d") == 30 * 86_400_000
    assert times.since_ms("90min", 10_000_000) == 10_000_000 - 5_400_000
    with pytest.raises(ValueError, match="no time span"):
        times.ago_ms("a while")


def test_why_says_of_a_skipped_instance_which_branch_was_not_taken(ran):
    assert ran("why", "last", "fan/when/more").stdout.startswith("fan/when/more: skipped: ")
    assert ran.json("why", "last", "fan/when/more")["state"] == "skipped"


def test_one_instance_is_shown_with_all_its_attempts(shell):
    shell.write(
        "try.edsl",
        """edsl 1

task again() -> (y: Int):
    retry = linear(attempts = 2, wait = 1ms, on = any)
    run shell:
        echo "attempt $ECONDA_ATTEMPT"
        if [ "$ECONDA_ATTEMPT" = 1 ]; then exit 4; fi
        echo 1 > "$OUT/y"

pipeline twice() -> (y: Int):
    a = again()
    return y = a.y
""",
    )
    shell("run", "try.edsl")
    first, one, words, two, more = lines(shell("show", "last", "twice/a"))
    assert first.endswith(": succeeded")
    assert re.fullmatch(r"  attempt 1: failed, on local, began .+, took .+ s, \$0", one)
    assert words == "    exited with code 4; its last words: attempt 1"
    assert re.fullmatch(r"  attempt 2: succeeded, on local, began .+, took .+ s, \$0", two)
    assert "econda logs" in more


def test_long_words_are_broken_between_words_on_terminals_only(monkeypatch):
    from econda_cloud.cli.runs import summary

    text = "main/m: one of five hundred members failed; first: ValueError: bad record\n    raise ValueError(x)"
    assert summary.indented(text, 2).split("\n") == [f"  {line}" for line in text.split("\n")]
    monkeypatch.setattr(summary, "width", lambda _: 40)
    broken = summary.indented(text, 2).split("\n")
    assert max(map(len, broken)) <= 40
    assert broken[1].startswith("    ")
    assert " ".join("\n".join(broken).split()) == " ".join(text.split())
