"""What one task does to its inputs and its process, no other one of `econda run` sees."""

from econda_adapters.embedded.runner import Home, run_plan
from econda_edsl.compile import compile_source

from tests.answers import ANSWERS, RIGHT


def test_results_do_not_depend_on_who_ran_before(tmp_path):
    plan = compile_source(ANSWERS).plan
    assert plan is not None
    state = run_plan(Home(tmp_path), plan, {})
    assert state.outcome is not None
    outputs = state.outcome.outputs
    assert {name: outputs[name] for name in RIGHT} == RIGHT
