"""Programs whose results are easily wrong give the right ones on a stack."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest

from econda_cloud.submission.bundles import zip_files
from econda_cloud.worker.reports.delivery import log_span
from tests.answers import ANSWERS, REFUSED, Answer

pytestmark = pytest.mark.emulator

TOGETHER = 6
"""Programs that are uploaded at once: a stack runs them side by side."""


def groups(answers: dict[str, Answer]) -> list[list[str]]:
    names = [name for name, answer in answers.items() if not answer.embedded]
    return [names[start : start + TOGETHER] for start in range(0, len(names), TOGETHER)]


def upload(user, answer: Answer, number: int) -> str:
    """The key of the program's upload; its run tells `number` as who has submitted it."""
    files = {"p.edsl": answer.source, **answer.files}
    packed = zip_files({name: text.encode() if isinstance(text, str) else text for name, text in files.items()})
    return user.upload(packed, f"{number}.zip", **{"submitted-by": str(number)})


def ended(user, many: int) -> list[dict[str, Any]]:
    """The statuses of `many` runs by their numbers, once all have ended."""
    found: dict[int, dict[str, Any]] = {}
    over: set[str] = set()

    def look() -> bool:
        for run in user.runs():
            # A run has files before it has a status.
            with contextlib.suppress(KeyError):
                if run not in over and (status := user.status(run)).get("finished_ms"):
                    found[int(status["submitted_by"])] = status
                    over.add(run)
        return len(found) == many

    user._until(look, f"{many} runs end")
    return [found[number] for number in range(many)]


def wrong(user, answer: Answer, status: dict[str, Any]) -> str:
    """What is not right of a run, empty if all is."""
    if status["state"] != ("failed" if answer.said else "succeeded"):
        return f"{status['state']}: {status['error']}"
    if missing := [part for part in answer.said if part not in status["error"]]:
        return f"{missing} is not in: {status['error']}"
    outputs = {name: status["outputs"].get(name) for name in answer.outputs}
    if outputs != answer.outputs:
        return f"{outputs}, not {answer.outputs}"
    rows = user.instances(status["run"])
    for instance, log in answer.log.items():
        key, start, length = log_span(rows[instance].attempts[-1].log)
        if (text := user.text(key)[start : start + length]) != log:
            return f"{instance} has the log {text!r}, not {log!r}"
    return ""


@pytest.mark.parametrize("names", groups(ANSWERS), ids=lambda names: names[0])
def test_they_are_right(user, names):
    for number, name in enumerate(names):
        upload(user, ANSWERS[name], number)
    told = {
        name: wrong(user, ANSWERS[name], status) for name, status in zip(names, ended(user, len(names)), strict=True)
    }
    assert {name: what for name, what in told.items() if what} == {}


def test_those_with_mistakes_are_refused(user):
    tried = {name: answer for name, answer in REFUSED.items() if not answer.embedded}
    keys = {name: upload(user, answer, number) for number, (name, answer) in enumerate(tried.items())}
    errors = {name: user.appears(f"{key}.errors.txt") for name, key in keys.items()}
    assert [name for name, answer in tried.items() if any(part not in errors[name] for part in answer.said)] == [], (
        json.dumps(errors, indent=2)
    )
    assert user.runs() == []
