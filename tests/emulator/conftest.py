"""One local cloud for all the tests here, also when pytest-xdist runs them in several processes."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from econda_local import cloud


@contextmanager
def _users(folder: Path, change: int) -> Iterator[int]:
    """How many processes use the cloud, after adding `change`; others wait while the body runs."""
    with (folder / "cloud.lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        users = int(file.read() or 0) + change
        file.truncate(0)
        file.write(str(users))
        file.flush()
        yield users


def wheel_folder(base: Path) -> Path:
    found = base / "wheels"
    found.mkdir(exist_ok=True)
    return found


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the local cloud's jobs install packages from."""
    base = tmp_path_factory.getbasetemp()
    return wheel_folder(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cloud.LocalCloud]:
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECONDA_BATCH_SHORTEST_TIMEOUT", "1")
        patch.setenv("ECONDA_BATCH_STOP_GRACE", "1")
        # Jobs that build environments find their packages here and nowhere else.
        patch.setenv("UV_FIND_LINKS", str(wheel_folder(folder)))
        patch.setenv("UV_NO_INDEX", "1")
        with _users(folder, +1):
            running = cloud.up(folder / "home")
    yield running
    with _users(folder, -1) as users:
        if users == 0:
            cloud.down(folder / "home")


@pytest.fixture(scope="session")
def client(local_cloud: cloud.LocalCloud) -> Iterator[Callable[..., Any]]:
    """Makes unmodified boto3 clients, led to the local cloud by nothing but environment variables."""
    with ExitStack() as opened:
        made: dict[str, Any] = {}

        def make(service: str, **members: Any) -> Any:
            key = f"{service} {members}"
            if key not in made:
                with pytest.MonkeyPatch.context() as patch:
                    for name, value in local_cloud.environment().items():
                        patch.setenv(name, value)
                    made[key] = boto3.session.Session().client(service, **members)  # pyright: ignore
                opened.callback(made[key].close)
            return made[key]

        yield make


@pytest.fixture
def name() -> str:
    return f"t{uuid.uuid4().hex[:12]}"
