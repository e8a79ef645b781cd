"""The whole line: a file put into a bucket becomes a finished run, whatever its tasks do."""

from __future__ import annotations

import pytest

from econda_cloud.worker.reports.delivery import log_span
from tests.sandbox import WORKER

pytestmark = pytest.mark.emulator

FAN = """edsl 1

task square(x: Int) -> (y: Int):
    run python:
        print("squaring", x)
        y = x * x

task report(total: Int) -> (page: File):
    run shell:
        printf 'total %s\\n' "$total" > "$OUT/page"

pipeline squares(n: Int in 1..9 = 3) -> (total: Int, page: File):
    many = foreach x in range(n) up to 9:
        s = square(x)
        gather s.y
    r = report(sum(many.done))
    return total = sum(many.done), page = r.page
"""


def one_task(body: str, settings: str = "", language: str = "python") -> str:
    indented = "\n".join(f"        {line}" for line in body.splitlines())
    return (
        f"edsl 1\n\ntask t(x: Int = 1) -> (y: Int):\n{settings}    run {language}:\n{indented}\n\n"
        "pipeline p() -> (y: Int):\n    a = t()\n    return y = a.y\n"
    )


def test_an_upload_becomes_a_finished_run(user):
    user.upload(FAN, **{"param-n": "4"})
    status = user.ended()
    run = status["run"]
    assert status["state"] == "succeeded"
    assert status["outputs"]["total"] == 14
    assert status["counts"]["succeeded"] == 5
    assert status["spent_nanos"] > 0
    prefix = f"runs/{user.namespace}/{run}"
    assert '"total": 14' in user.appears(f"{prefix}/outputs.json")
    assert user.text(f"{prefix}/outputs/page/page") == "total 14\n"
    last = user.instances(run)["squares/many[3]/s"].attempts[-1]
    assert last.pool == "aws.lambda"
    key, start, length = log_span(last.log)
    assert user.text(key)[start : start + length] == "squaring 3\n"


def test_code_and_parameters_come_in_a_bundle(user):
    source = FAN.split("task report")[0].replace(
        '    run python:\n        print("squaring", x)\n        y = x * x\n', '    run python "code.py:square"\n'
    )
    source += "pipeline p(n: Int) -> (y: Int):\n    s = square(n)\n    return y = s.y\n"
    user.bundle(
        {"pipeline.edsl": source, "code.py": "def square(x):\n    return {'y': x * x}\n", "params.yaml": "n: 7"}
    )
    assert user.ended()["outputs"] == {"y": 49}


def test_a_failing_task_fails_the_run_with_its_last_words(user):
    user.upload(one_task("echo 'no such table' >&2\nexit 3", language="shell"))
    status = user.ended()
    assert status["state"] == "failed"
    assert "exited with code 3" in status["error"]
    assert "no such table" in status["error"]


def test_a_retry_succeeds_and_is_counted(user):
    body = "import os\nassert os.environ['ECONDA_ATTEMPT'] == '3', 'not yet'\ny = 3"
    user.upload(one_task(body, "    retry = exponential(attempts = 3, first = 100ms)\n"))
    status = user.ended()
    assert (status["state"], status["counts"]["retried"]) == ("succeeded", 2)
    attempts = user.instances(status["run"])["p/a"].attempts
    assert [attempt.state for attempt in attempts] == ["failed", "failed", "succeeded"]


def test_a_time_out_stops_the_task(user):
    user.upload(one_task("import time\ntime.sleep(60)\ny = 1", "    timeout = 1s\n"))
    status = user.ended()
    assert status["state"] == "failed"
    assert "timed out after 1000 ms" in status["error"]


def test_a_killed_worker_costs_no_retry(user):
    body = (
        f"import os, signal\nif os.environ['ECONDA_ATTEMPT'] == '1':\n    os.kill({WORKER}, signal.SIGKILL)\n"
        "    import time; time.sleep(60)\ny = 5"
    )
    user.upload(one_task(body))
    status = user.ended()
    assert (status["state"], status["outputs"]) == ("succeeded", {"y": 5})
    assert [attempt.state for attempt in user.instances(status["run"])["p/a"].attempts] == ["lost", "succeeded"]


def test_a_fan_over_its_bound_is_refused_when_it_is_known(user):
    user.upload(FAN.replace("range(n)", "range(n + 8)"))
    status = user.ended()
    assert status["state"] == "failed"
    assert "up to 9" in status["error"]
