"""What Python emits is in the one style, and has the digest of the plan that a person would write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.formatting.source import format_source
from econda_edsl.plan import Plan
from econda_edsl.python import fn
from econda_edsl.python.expressions import Expr, expression
from econda_edsl.words import prelude

from tests.python_face import plans

HERE = Path(__file__).parent
FILES = {"plans.py": (HERE / "plans.py").read_bytes()}

BY_HAND = {
    "sweep": """edsl 1

type Trial:
    rate: Float
    loss: Float = 1.0

task fit(rate: Float, steps: Int = 50) -> (loss: Float):
    needs:
        cpu = 1
        memory = 256MiB * attempt
        time = 1min
        where node.arch == "x86_64"
    timeout = 5min
    retry = exponential(attempts = 3, first = 1s, on = [out_of_memory, preempted, lost])
    run python "plans.py:fit"

pipeline sweep(steps: Int in 1..1000 = 20) -> (rate: Float, loss: Float, failed: Int, summary: String):
    with:
        budget = $1
        deadline = 30min
        tags = {team: "examples"}
    trials = foreach rate in [0.1, 0.2, 0.4] with parallel = 6, tolerate = 10%:
        tried = fit(rate, steps = steps)
        gather Trial(rate = rate, loss = tried.loss)
    assert len(trials.done) > 0, "no trial succeeded"
    winner = best(trials.done, by = .loss, lowest = true)
    summary = "best of {len(trials.done)}: rate {winner.rate}"
    return rate = winner.rate, loss = winner.loss, failed = len(trials.failed), summary = summary
""",
    "abstract": """edsl 1

task count(text: String) -> (words: Int, file: File):
    run shell:
        printf '%s' "$text" > "$OUT/file"
        printf '%s' "$text" | wc -w | tr -d ' ' > "$OUT/words"

task shorten(file: File, keep: Int, share: Percent = 20%) -> (value: String):
    packages = ["tiny==1.*"]
    checkpoint = every(10min)
    env = {MODE: "fast"}
    run python "plans.py:shorten"

pipeline abstract(text: String, limit: Int in 1..500 = 10) -> (
    text: String,
    decision: "kept" | "shortened",
    note: String?,
):
    counted = count(text)
    when counted.words > limit and not limit * 2 == 4:
        short = shorten(counted.file, keep = limit) after counted with memory = 1GiB
        result = short.value
        decision = "shortened"
        note = none
    else when counted.words == 0:
        fail "empty"
    else:
        result = text
        decision = "kept"
        note = "as it was"
    return text = result, decision = decision, note = note
""",
    "composed": """edsl 1

task fit(rate: Float, steps: Int = 50) -> (loss: Float):
    needs:
        cpu = 1
        memory = 256MiB * attempt
        time = 1min
        where node.arch == "x86_64"
    timeout = 5min
    retry = exponential(attempts = 3, first = 1s, on = [out_of_memory, preempted, lost])
    run python "plans.py:fit"

pipeline around(rate: Float in 0.0..1.0, steps: Int = 10) -> (low: Float, high: Float):
    with:
        budget = $3
    left = fit(rate - 0.1, steps = steps)
    right = fit(rate + 0.1, steps = steps)
    return low = left.loss, high = right.loss

pipeline composed(rates: List[Float]) -> (value: Float):
    looked = foreach rate in rates up to 10:
        one = around(rate) with budget = $1
        gather one.low
    last = around(0.5, steps = 3) after looked
    return value = last.high
""",
    "root": """edsl 1

task improve(guess: Float, number: Float) -> (better: Float, change: Float):
    run python "plans.py:improve"

pipeline root(number: Float = 2.0) -> (root: Float, rounds: Int):
    repeat up to 40:
        carry guess: Float = 1.0
        carry rounds: Int = 0
        step = improve(guess, number)
        next guess = step.better
        next rounds = rounds + 1
    until step.change < 0.000001 else fail "no root of {number}"
    return root = guess, rounds = rounds
""",
}


def compiled(text: str) -> Plan:
    result = compile_source(text, files=FILES)
    assert result.plan is not None, result.render()
    return result.plan


@pytest.mark.parametrize("name", BY_HAND)
def test_the_digest_is_that_of_the_hand_written_plan(name: str) -> None:
    text = getattr(plans, name).edsl()
    assert format_source(text).text == text
    assert compiled(text).digest == compiled(BY_HAND[name]).digest


def test_loops_over_plain_values_are_unrolled_and_records_written_out() -> None:
    text = plans.unrolled.edsl()
    assert [node.id for node in compiled(text).body] == ["foreach", "fitted", "fitted_2", "model"]
    assert "Trial(rate = 0.1, loss = fitted_2.loss)" in text


def test_tasks_are_plain_functions_outside_of_a_pipeline() -> None:
    assert plans.fit(0.5, steps=1) == {"loss": 0.0}


def test_the_face_loads_no_parser_so_that_workers_import_it_quickly() -> None:
    code = "import sys, econda_edsl.python; print([m for m in ('lark', 'msgspec', 'yaml') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_function_and_operator_of_the_language_can_be_written() -> None:
    for name in prelude.FUNCTIONS:
        assert expression(getattr(fn, name)(1)) == f"{name}(1)"
    n = Expr("n")
    assert expression(fn.group_by(n, by="day")) == "group_by(n, by = .day)"
    assert expression(fn.format(n, width=3, as_="%Y")) == 'format(n, width = 3, as = "%Y")'
    assert expression(7 // n % 2 + n // 3) == "7 // n % 2 + n // 3"
    assert expression(7 % (n * 2)) == "7 % (n * 2)"
