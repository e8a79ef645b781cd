"""Secrets reach the environment of a task and nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from econda_edsl.plan import Connector, Inline, Operator

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.secrets import LocalSecrets, SecretUnavailable
from econda_cloud.wire.chunk import Chunk, Report, WorkItem, WorkTask
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded
from econda_cloud.worker.processes.host_pool import HostPool
from econda_cloud.worker.reports.masking import masked, masked_text
from econda_cloud.worker.run_chunk import run_chunk

TOKEN = "hunter2-and-more"
REFERENCE = {"driver": "environment", "variable": "TOKEN_OF_TEST"}


@pytest.fixture
def go(tmp_path: Path):
    with HostPool() as hosts:

        def run(code: Inline | Operator, variables: dict[str, str], outputs: dict[str, str] | None = None) -> Report:
            task = WorkTask(name="t", run=code, outputs=outputs or {})
            item = WorkItem(instance="p/t", attempt=1, secrets={"TOKEN": REFERENCE})
            chunk = Chunk(id="c", run="r", namespace="n", task=task, items=(item,))
            [report] = run_chunk(chunk, blobs=MemoryBlobs(), scratch=tmp_path, hosts=hosts,
                                 clock=lambda: time.time_ns() // 1_000_000,
                                 secrets=LocalSecrets(variables))  # fmt: skip
            return report

        yield run


def test_code_has_the_secret_and_its_log_has_not(go) -> None:
    body = 'echo "it is $TOKEN"\nprintf %s "${#TOKEN}" > "$OUT/n"'
    report = go(Inline(language="shell", body=body), {"TOKEN_OF_TEST": TOKEN}, {"n": "Int"})
    assert isinstance(report, AttemptSucceeded)
    assert report.outputs == {"n": len(TOKEN)}
    assert Path(report.log).read_text() == "it is ***\n"


@pytest.mark.parametrize("language", ["python", "shell"])
def test_no_failure_tells_a_secret(go, language: str) -> None:
    body = "import os\nraise ValueError(os.environ['TOKEN'])" if language == "python" else 'echo "$TOKEN"\nexit 3'
    report = go(Inline(language=language, body=body), {"TOKEN_OF_TEST": TOKEN})
    assert isinstance(report, AttemptFailed)
    assert TOKEN not in report.message
    assert "***" in report.message
    assert TOKEN not in Path(report.log).read_text()


def test_a_secret_that_is_not_there_fails_before_the_task_begins(go) -> None:
    report = go(Inline(language="shell", body="touch begun"), {})
    assert isinstance(report, AttemptFailed)
    assert report.message == "the environment variable TOKEN_OF_TEST is not set where the task runs"


def test_files_and_unknown_drivers(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    secrets = LocalSecrets({})
    assert secrets.get({"driver": "file", "path": str(tmp_path / "token")}) == "abc"
    with pytest.raises(SecretUnavailable, match="cannot be read: No such file"):
        secrets.get({"driver": "file", "path": str(tmp_path / "none")})
    with pytest.raises(SecretUnavailable, match="`vault` cannot be had"):
        secrets.get({"driver": "vault", "path": "kv"})


def test_a_variable_stands_in_for_a_secret_of_a_cloud() -> None:
    secrets = LocalSecrets({"ECONDA_SECRET_SERVICE_TOKEN": "abc", "ECONDA_SECRET_DB": '{"user": "ada"}'})
    assert secrets.get({"driver": "aws_secrets", "name": "service/token"}) == "abc"
    assert secrets.get({"driver": "aws_secrets", "name": "db", "field": "user"}) == "ada"
    with pytest.raises(SecretUnavailable, match="no JSON object with a field `pw`"):
        secrets.get({"driver": "aws_secrets", "name": "db", "field": "pw"})
    with pytest.raises(SecretUnavailable, match="the environment variable ECONDA_SECRET_OTHER stands in for it"):
        secrets.get({"driver": "aws_secrets", "name": "other"})


def test_masking() -> None:
    assert masked_text("a secret1 b secret", ["secret", "secret1"]) == "a *** b ***"
    assert masked(b"line-two here", ["line-one\nline-two"]) == b"*** here"
    assert masked_text("abc", ["abc"]) == "abc"


def test_an_operator_that_is_not_installed_says_what_to_do(go) -> None:
    code = Operator(package="econda/mlflow", name="register", version="2.0.0",
                    connector=Connector(driver="x", settings={"auth": {"secret": REFERENCE}}))  # fmt: skip
    report = go(code, {"TOKEN_OF_TEST": TOKEN})
    assert isinstance(report, AttemptFailed)
    assert "`econda/mlflow:register` is not installed where this task runs" in report.message
