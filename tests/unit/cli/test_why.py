"""`econda why` of what goes on: which offers are full, and how full."""

from __future__ import annotations

import re

from tests.crash.killing import Shell as Processes

CROWD = """edsl 1

task hold(i: Int, folder: String) -> (y: Int):
    needs:
        cpu = 1
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
    return ys = many.done
"""


def test_an_instance_that_waits_is_told_how_full_the_offers_are(shell, until):
    shell.write("crowd.edsl", CROWD)
    with Processes(shell.folder).start("run", "crowd.edsl", "-p", f"folder={shell.folder}") as running:
        until(lambda: list(shell.folder.glob("begun*")), "one that runs")
        told = shell.json("why", "last", "crowd/many[0]/a")
        assert told["offers"][0]["chosen"] is True
        [now] = told["now"]
        assert (now["offer"], now["refused"]) == ("local", "")
        assert 0 < now["slots_lent"] <= now["slots"]
        assert now["room"] == 0
        waiting = shell("why", "last", "crowd/many[39]/a").stdout
        (shell.folder / "go").touch()
        running.communicate(timeout=60)
    assert re.search(r"^now:\n  local: full; lent of its pool: \d+ of \d+ slots", waiting, re.MULTILINE), waiting
    assert shell.json("why", "last", "crowd/many[0]/a")["now"] == []
