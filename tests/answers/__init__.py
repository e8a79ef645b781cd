"""Programs whose results are easily wrong, and the right ones: the same embedded (`tests/unit/embedded`) as on a stack
(`tests/emulator/line`).

To add one, put it into the file of its kind; both suites take it from there.
"""

from tests.answers import code, failures, files, inputs, parameters, processes, refused, values
from tests.answers.answer import Answer

ANSWERS: dict[str, Answer] = {
    answer.name: answer
    for module in (inputs, processes, values, files, parameters, code, failures)
    for answer in module.ANSWERS
}
"""Programs that run."""

REFUSED: dict[str, Answer] = {answer.name: answer for answer in refused.ANSWERS}
"""Programs that nothing may be started for."""
