"""A chain on the wire: each link goes on where the one before it ran, whatever happens on the way."""

from __future__ import annotations

import pytest

from econda_cloud.wire.entries import Placed, decode_entry
from econda_cloud.worker.reports.delivery import log_span
from tests.emulator.line.test_line_bad_days import cancel
from tests.sandbox import WORKER

pytestmark = pytest.mark.emulator

CHAIN = """edsl 1

task add(x: Int) -> (y: Int):
    run {language}:
{body}

pipeline chain() -> (n: Int):
    repeat up to 100:
        carry k: Int = 0
        a = add(x = k)
        next k = a.y
    until a.y >= {links} else fail "never"
    return n = k
"""


def chain(body: str, links: int, language: str = "python") -> str:
    indented = "\n".join(f"        {line}" for line in body.splitlines())
    return CHAIN.format(body=indented, links=links, language=language)


def placements(user, run: str) -> list[Placed]:
    entries = [decode_entry(record) for record in user.team.log.read(f"run/{run}")]
    return [each for entry in entries for each in entry.decisions if isinstance(each, Placed)]


def test_a_link_is_one_record_of_the_log_and_nothing_else(user):
    user.upload(chain("print('link', x)\ny = x + 1", 40))
    status = user.ended()
    run = status["run"]
    assert status["outputs"] == {"n": 40}
    assert status["counts"]["succeeded"] == 40
    eager = [each for each in placements(user, run) if each.here]
    assert len(eager) >= 30
    assert len(user.team.log.read(f"run/{run}")) <= 40 + 20
    last = user.instances(run)["chain/repeat[40]/a"].attempts[-1]
    key, start, length = log_span(last.log)
    assert user.text(key)[start : start + length] == "link 39\n"


def test_a_worker_that_dies_on_the_way_costs_one_attempt_and_no_retry(user):
    # The attempt kills its own sandbox once: the marker is the number of its attempt.
    body = f"import os, signal\nif x == 3 and os.environ['ECONDA_ATTEMPT'] == '1':\n    os.kill({WORKER}, signal.SIGKILL)\ny = x + 1"
    user.upload(chain(body, 8))
    status = user.ended()
    assert status["state"] == "succeeded"
    assert status["counts"]["retried"] == 0
    rows = user.instances(status["run"])
    assert [each.state for each in rows["chain/repeat[4]/a"].attempts] == ["lost", "succeeded"]
    assert all(len(row.attempts) == 1 for name, row in rows.items() if name != "chain/repeat[4]/a")


def test_a_chain_is_cancelled_on_its_way(user, until):
    user.upload(chain('sleep 1\necho $((x + 1)) > "$OUT/y"', 90, "shell"))
    run = user.the_run()
    until(lambda: any(each.here for each in placements(user, run)), "it goes on by itself")
    cancel(user, run)
    status = user.ended(run)
    assert status["state"] == "cancelled"
    assert status["counts"]["succeeded"] < 90
