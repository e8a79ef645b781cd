"""`econda why`: which offers were full, how full, and with what; and what was skipped, or has not begun."""

from __future__ import annotations

import re

from tests.crash.killing import Shell as Processes

CROWD = """edsl 1

task hold(i: Int, folder: String) -> (y: Int):
    needs:
        cpu = 1
        time = 10s
    run python:
        import os, time
        open(f"{folder}/begun{i}", "w").close()
        while not os.path.exists(folder + "/go"):
            time.sleep(0.01)
        y = i

pipeline crowd(folder: String) -> (ys: List[Int]):
    many = foreach i in 0..39:
        a = hold(i, folder)
        gather a.y
    end = hold(len(many.done), folder)
    assert end.y == 40
    return ys = many.done
"""


def test_an_instance_that_waits_is_told_how_full_the_machine_is_and_with_what(shell, until):
    shell.write("crowd.edsl", CROWD)
    with Processes(shell.folder).start("run", "crowd.edsl", "-p", f"folder={shell.folder}") as running:
        until(lambda: list(shell.folder.glob("begun*")), "one that runs")
        told = shell.json("why", "last", "crowd/many[0]/a")
        assert told["offers"][0]["chosen"] is True
        [now] = told["now"]
        assert (now["offer"], now["refused"], now["room"]) == ("local", "", 0)
        assert 0 < now["slots_lent"] <= now["slots"]
        assert now["cpu_milli_lent"] <= now["cpu_milli"]
        assert "crowd/many[0]/a" in told["held_by"]
        waiting, data = shell("why", "last", "crowd/many[39]/a").stdout, shell.json("why", "last", "crowd/many[39]/a")
        after = shell("why", "last", "crowd/end").stdout
        (shell.folder / "go").touch()
        running.communicate(timeout=60)
    full = r"local: full, lent: \d+ of \d+ slots, [\d.]+ of [\d.]+ cores, "
    assert re.search(rf"^now:\n  {full}", waiting, re.MULTILINE), waiting
    assert re.search(rf"^  at .*:\n    {full}.*\n    \d+ attempts of this class were ready before it\n    held by crowd/many", waiting, re.MULTILINE), waiting  # fmt: skip
    assert (data["state"], data["waits"][0]["until_ms"]) == ("waiting", None)
    assert data["waits"][0]["heard"][0]["own_ahead"] == 39 - data["waits"][0]["heard"][0]["slots_held"]
    assert after == "crowd/end: not begun: it comes after many, which has not ended\n"
    assert shell.json("why", "last", "crowd/many[0]/a")["now"] == []
    then = shell("why", "last", "crowd/many[39]/a").stdout
    assert re.search(rf"^  waited .* for a place\n  at .*:\n    {full}", then, re.MULTILINE), then
    [wait] = shell.json("why", "last", "crowd/many[39]/a")["waits"]
    assert wait["until_ms"] > wait["since_ms"]
    assert wait["heard"] == data["waits"][0]["heard"]


SEQUENCE = CROWD.replace("        time = 10s\n", "")


def test_what_runs_after_others_in_one_slot_says_after_which(shell, until):
    shell.write("crowd.edsl", SEQUENCE)
    with Processes(shell.folder).start("run", "crowd.edsl", "-p", f"folder={shell.folder}") as running:
        until(lambda: list(shell.folder.glob("begun*")), "one that runs")
        told = shell("why", "last", "crowd/many[39]/a").stdout
        (shell.folder / "go").touch()
        running.communicate(timeout=60)
    assert re.search(r"^  in its slot these run before it: crowd/many\[\d+\]/a", told, re.MULTILINE), told


BRANCHES = """edsl 1

task t(x: Int) -> (y: Int):
    run python:
        y = x

pipeline main(n: Int = 1) -> (y: Int):
    when n > 5:
        many = foreach i in 0..3:
            a = t(i)
            gather a.y
        y_ = len(many.done)
    else:
        b = t(n)
        y_ = b.y
    return y = y_
"""


def test_what_was_skipped_says_which_branch_was_taken(shell):
    shell("run", shell.write("main.edsl", BRANCHES))
    reason = "branch 1 of 2 of the `when` on line 8 was not taken, branch 2, its `else`, was"
    for instance in ("main/when/many/a", "main/when/many[2]/a"):
        assert shell("why", "last", instance).stdout == f"{instance}: skipped: {reason}\n"
        told = shell.json("why", "last", instance)
        assert (told["state"], told["message"], told["waits"], told["now"]) == ("skipped", reason, [], [])
    assert "main/when/nothing was never placed" in shell("why", "last", "main/when/nothing", code=4).output
