"""A team's stack in the local cloud, and a user who has nothing but an S3 client."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.team import Team
from econda_infra import apply
from econda_infra.settings import Settings

from econda_cloud.record.instances import Instance, instances_of
from econda_cloud.submission.bundles import zip_files
from econda_cloud.wire.entries import decode_entry

PATIENCE_S = 110.0


def small(usual: Settings) -> Settings:
    """One size of functions, and messages that come back soon after whoever had them died."""
    places = (f"s3://published-{usual.team}", "s3://told-but-gone")
    return msgspec.structs.replace(usual, work_sizes_mib=(1769,), scheduler_timeout_s=6, publish_to=places)


@pytest.fixture(scope="session")
def stack(local_cloud, tmp_path_factory):
    home: Path = tmp_path_factory.mktemp("home")
    name = "t" + os.environ.get("PYTEST_XDIST_WORKER", "solo")
    found = apply.up(name, home=home, environment=local_cloud.environment(), settings=small)
    clients = Clients(local_cloud.environment())
    yield Team(found, clients)
    clients.close()
    apply.destroy(name, home=home, environment=local_cloud.environment(), data=True)


@pytest.fixture(scope="session")
def published_bucket(stack: Team) -> str:
    """A bucket beside the stack's own, to which it may publish."""
    name = f"published-{stack.stack.team}"
    stack.clients("s3").create_bucket(Bucket=name)
    return name


@dataclass
class User:
    """Uploads files and looks at what appears in the bucket."""

    team: Team
    namespace: str

    @property
    def _bucket(self) -> str:
        return self.team.stack.bucket

    def upload(self, source: str | bytes, name: str = "p.edsl", **metadata: str) -> str:
        """The key that was uploaded."""
        key = f"uploads/{self.namespace}/{name}"
        body = source.encode() if isinstance(source, str) else source
        self.team.clients("s3").put_object(Bucket=self._bucket, Key=key, Body=body, Metadata=metadata)
        return key

    def bundle(self, files: dict[str, str], name: str = "p.zip") -> str:
        return self.upload(zip_files({path: text.encode() for path, text in files.items()}), name)

    def runs(self) -> list[str]:
        """The runs that there are in this user's namespace."""
        prefix = f"runs/{self.namespace}/"
        found = self.team.clients("s3").list_objects_v2(Bucket=self._bucket, Prefix=prefix, Delimiter="/")
        return [each["Prefix"].removeprefix(prefix).rstrip("/") for each in found.get("CommonPrefixes", [])]

    def the_run(self) -> str:
        """The one run of this namespace, once it is there."""
        return self._until(lambda: self.runs(), "a run appears")[0]

    def status(self, run: str) -> dict[str, Any]:
        return json.loads(self.text(f"runs/{self.namespace}/{run}/status.json"))

    def ended(self, run: str | None = None) -> dict[str, Any]:
        """The status of a run (by default the only one) once it has ended."""
        name = run or self.the_run()

        def look() -> dict[str, Any] | None:
            try:
                status = self.status(name)
            except KeyError:
                return None
            return status if status.get("finished_ms") else None

        return self._until(look, f"{name} ends")

    def text(self, key: str) -> str:
        return self.team.blobs.get(key).decode("utf-8", "replace")

    def appears(self, key: str) -> str:
        def look() -> str | None:
            try:
                return self.text(key) or None
            except (KeyError, ClientError):
                return None

        return self._until(look, f"{key} appears")

    def instances(self, run: str) -> dict[str, Instance]:
        return instances_of([decode_entry(record) for record in self.team.log.read(f"run/{run}")])

    def _until(self, look: Callable[[], Any], what: str) -> Any:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            value = look()
            if value:
                return value
            time.sleep(0.1)
        uploads = f"uploads/{self.namespace}/"
        found = self.team.clients("s3").list_objects_v2(Bucket=self._bucket, Prefix=uploads).get("Contents", [])
        errors = [self.text(each["Key"]) for each in found if each["Key"].endswith(".errors.txt")]
        raise AssertionError(f"not within {PATIENCE_S:.0f} s: {what}; errors beside the uploads: {errors}")


@pytest.fixture
def user(stack):
    return User(stack, f"n{uuid.uuid4().hex[:10]}")
