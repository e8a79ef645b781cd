"""What tasks see of the worker's environment."""

import os
import time

import pytest
from econda_edsl.plan import Inline

from econda_cloud.wire.chunk import Chunk, WorkItem, WorkTask
from econda_cloud.worker.processes.host_pool import HostPool
from econda_cloud.worker.processes.variables import for_uv, without_secrets
from econda_cloud.worker.run_chunk import run_chunk

SECRETS = [
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_LAMBDA_RUNTIME_API", "AZURE_CLIENT_SECRET", "GOOGLE_APPLICATION_CREDENTIALS",
    "ECONDA_TABLE", "UV_INDEX_TEAM_PASSWORD",
]  # fmt: skip
SEEN = ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "PATH", "HOME", "HTTPS_PROXY"]
SHELL = Inline(
    language="shell", body='env | cut -d= -f1 | sed \'s/.*/"&"/\' | paste -sd, | sed "s/.*/[&]/" > "$OUT/names"'
)
PYTHON = Inline(language="python", body="import os\nnames = list(os.environ)")


@pytest.fixture
def loaded(monkeypatch):
    for name in (*SECRETS, *SEEN[:4], "HTTPS_PROXY"):
        monkeypatch.setenv(name, "x")


def names_seen(tmp_path, blobs, run, hosts):
    task = WorkTask(name="t", run=run, outputs={"names": "List[String]"})
    chunk = Chunk(id="c", run="r", namespace="n", task=task, items=(WorkItem(instance="p/t", attempt=1),))
    with hosts:
        [report] = run_chunk(
            chunk, blobs=blobs, scratch=tmp_path / "s", hosts=hosts, clock=lambda: time.time_ns() // 1_000_000
        )
    return report.outputs["names"]


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("run", [SHELL, PYTHON])
def test_tasks_see_no_secret_of_the_worker(tmp_path, blobs, run):
    names = names_seen(tmp_path, blobs, run, HostPool())
    assert not set(SECRETS) & set(names)
    assert set(SEEN) <= set(names)
    assert {name for name in names if name.startswith("ECONDA_")} == {"ECONDA_RUN", "ECONDA_TASK", "ECONDA_ATTEMPT"}


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("run", [SHELL, PYTHON])
def test_on_a_laptop_they_see_what_its_user_has(tmp_path, blobs, run):
    assert set(SECRETS) <= set(names_seen(tmp_path, blobs, run, HostPool(os.environ)))


@pytest.mark.usefixtures("loaded")
def test_uv_has_its_passwords_and_no_others():
    seen = for_uv(without_secrets(os.environ))
    assert set(SECRETS) & set(seen) == {"UV_INDEX_TEAM_PASSWORD"}
