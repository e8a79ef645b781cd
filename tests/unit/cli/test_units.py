"""Outputs with their units: what is printed, what JSON tells, and how they come back as parameters."""

from __future__ import annotations

import json

import pytest

PROGRAM = """edsl 1

type Trial:
    rate: Percent
    wait: Duration

task work(share: Percent, budget: Money) -> (cost: Money, trials: List[Trial], size: Size, rate: Rate, net: Bandwidth):
    run python:
        cost = budget * 2
        trials = [{"rate": share / 2, "wait": 5400000}]
        size, rate, net = 2**34, 3000000, 10**9

pipeline main(share: Percent = 20%, budget: Money = $2.50, trials: List[Trial] = [], n: Int = 3) -> (cost: Money, share: Percent, wait: Duration, size: Size, rate: Rate, net: Bandwidth, trials: List[Trial], n: Int, no: Money?):
    done = work(share, budget)
    return cost = done.cost, share = share * 3, wait = 90min, size = done.size, rate = done.rate, net = done.net, trials = done.trials + trials, n = n + 1, no = none
"""

PRINTED = """  cost = $5
  share = 60%
  wait = 1.5h
  size = 16GiB
  rate = $3/h
  net = 1Gbps
  trials = [{"rate": "10%", "wait": "1.5h"}]
  n = 4
  no = null
"""


@pytest.fixture
def ran(shell):
    shell.write("main.edsl", PROGRAM)
    shell.printed = shell("run", "main.edsl").stdout
    return shell


def test_they_are_printed_as_programs_write_them(ran):
    for text in (ran.printed, ran("show").stdout):
        assert set(PRINTED.splitlines()) <= set(text.splitlines())


def test_json_has_the_numbers_and_their_units(ran):
    shown = json.loads(ran("show", "--json").stdout)
    assert (shown["outputs"]["cost"], shown["outputs"]["wait"], shown["outputs"]["n"]) == (5_000_000, 5_400_000, 4)
    units = shown["units"]["outputs"]
    assert units["cost"] == {"type": "Money", "unit": "micro-dollars", "written": "$5"}
    assert units["trials"] == {"type": "List[Trial]", "written": [{"rate": "10%", "wait": "1.5h"}]}
    assert "n" not in units
    assert shown["units"]["params"]["budget"]["written"] == "$2.50"
    for words in (["run", "main.edsl", "--json"], ["watch", "last", "--json"]):
        assert json.loads(ran(*words).stdout)["units"] == shown["units"]


def test_what_came_out_goes_in_again(ran):
    again = ran("run", "main.edsl", "--json", "-p", "budget=run:last/cost", "-p", "share=run:last/trials[0].rate",
                "-p", "trials=run:last/trials", "-p", "n=run:last/n")  # fmt: skip
    params = json.loads(again.stdout)["params"]
    assert params == {"budget": 5_000_000, "share": 0.1, "trials": [{"rate": 0.1, "wait": 5_400_000}], "n": 4}
    wrong = ran("run", "main.edsl", "-p", "budget=run:last/wait", code=2)
    assert '`budget` must be Money (such as $5), not "run:last/wait": that is "1.5h"' in wrong.stderr
