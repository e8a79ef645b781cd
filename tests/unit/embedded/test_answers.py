"""What one task does to its inputs and its process, no other one of `econda run` sees."""

from econda_adapters.embedded.runner import Home, run_plan
from econda_edsl.compiler.compile import compile_source

from tests.answers import ANSWERS, RIGHT


def test_results_do_not_depend_on_who_ran_before(tmp_path):
    plan = compile_source(ANSWERS).plan
    assert plan is not None
    state = run_plan(Home(tmp_path), plan, {})
    assert state.outcome is not None
    outputs = state.outcome.outputs
    assert {name: outputs[name] for name in RIGHT} == RIGHT


def test_a_traceback_names_the_pipelines_file_and_its_line(tmp_path):
    source = (
        "edsl 1\n\ntask f() -> (y: Int):\n    # a comment\n    run python:\n        x = 1\n        y = x / 0\n\n"
        + ("pipeline main() -> (y: Int):\n    a = f()\n    return y = a.y\n")
    )
    plan = compile_source(source, "folder/train.edsl").plan
    assert plan is not None
    assert plan.digest == compile_source(source.replace("    # a comment\n", ""), "other.edsl").plan.digest
    state = run_plan(Home(tmp_path), plan, {})
    assert any('File "train.edsl", line 7, in <module>\n    y = x / 0' in error for error in state.errors), state.errors
