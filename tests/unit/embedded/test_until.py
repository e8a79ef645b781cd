"""`until` sees what `next` has just said."""

from econda_adapters.embedded.runner import Home, run_plan
from econda_edsl.compiler.compile import compile_source

TASKS = """edsl 1

type Trial:
    auc: Float
    at: Int

task count(n: Int) -> (m: Int):
    run python:
        m = n + 1

task trial(n: Int) -> (auc: Float):
    run python:
        auc = 0.5 + n / 10

"""


def outputs(tmp_path, pipeline):
    plan = compile_source(TASKS + pipeline).plan
    assert plan is not None
    state = run_plan(Home(tmp_path), plan, {})
    assert state.outcome is not None
    return state.outcome.outputs


def test_no_round_too_many(tmp_path):
    found = outputs(tmp_path, """pipeline main() -> (n: Int, rounds: Int):
    repeat up to 9:
        carry n: Int = 0
        carry rounds: Int = 0
        a = count(n)
        next n = a.m
        next rounds = rounds + 1
    until n >= 3
    return n = n, rounds = rounds
""")  # fmt: skip
    assert found == {"n": 3, "rounds": 3}


def test_a_history_that_is_empty_at_first(tmp_path):
    found = outputs(tmp_path, """pipeline main() -> (auc: Float, tried: Int):
    repeat up to 9:
        carry history: List[Trial] = []
        t = foreach i in [len(history)]:
            a = trial(i)
            gather Trial(auc = a.auc, at = i)
        next history = history + t.done
    until best(history, by = .auc).auc >= 0.65 else fail "after {len(history)} rounds"
    return auc = best(history, by = .auc).auc, tried = len(history)
""")  # fmt: skip
    assert found == {"auc": 0.7, "tried": 3}


def test_the_message_sees_it_too(tmp_path):
    plan = compile_source(TASKS + """pipeline main() -> (n: Int):
    repeat up to 2:
        carry n: Int = 0
        a = count(n)
        next n = a.m
    until n > 5 else fail "only {n}"
    return n = n
""").plan  # fmt: skip
    assert plan is not None
    assert any("only 2" in error for error in run_plan(Home(tmp_path), plan, {}).errors)
