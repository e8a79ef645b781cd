"""The handle of a running cloud, remembered in its home folder."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass, field
from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "000000000000"
COUNTS = "/_econda/requests"


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """A running cloud. `pids` maps the name of a process to its id; `started_at` is in seconds since the epoch, and so
    is `restored_from`: of when the saved state was that it began with (None if it began with nothing)."""

    endpoint_url: str
    batch_endpoint_url: str
    account: str
    pids: dict[str, int]
    home: Path
    started_at: float
    region: str = field(default=REGION)
    restored_from: float | None = None

    def environment(self) -> dict[str, str]:
        """What leads an unmodified boto3 (and other SDKs) here, away from any real account of the user.

        S3 is addressed by path, both because the endpoint is an IP address and by the configuration file.
        """
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ENDPOINT_URL_BATCH": self.batch_endpoint_url,
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(folder(self.home) / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder(self.home) / "aws-credentials"),
        }

    def requests(self, *, reset: bool = False) -> list[tuple[str, str, str, int]]:
        """Requests so far that AWS would bill: (who, service, operation, number); who is `stack` or `user`.

        `reset` lets the counting begin anew.
        """
        asked = urllib.request.Request(f"{self.endpoint_url}{COUNTS}", method="DELETE" if reset else "GET")
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return [tuple(row) for row in json.load(answer)]

    def reclaim(self, job_id: str, *, grace: float = 2.0) -> str:
        """Take the spot instance away from under a running Batch job: SIGTERM, and SIGKILL after `grace` seconds.

        Returns the id of the instance lost. Raises ValueError when the job does not run.
        """
        body = json.dumps({"jobId": job_id, "graceSeconds": grace}).encode()
        request = urllib.request.Request(f"{self.batch_endpoint_url}/local/reclaim", body, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)["instanceId"]
        except urllib.error.HTTPError as refused:
            with refused:
                raise ValueError(json.load(refused)["message"]) from None


def folder(home: Path) -> Path:
    """Where all that belongs to the cloud of `home` lies."""
    return home / "local"


def remembered(home: Path) -> LocalCloud | None:
    """The cloud that was started last in `home`, running or not."""
    try:
        members = json.loads((folder(home) / "cloud.json").read_text())
        return LocalCloud(**{**members, "home": Path(members["home"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(cloud: LocalCloud) -> None:
    path = folder(cloud.home) / "cloud.json"
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({**asdict(cloud), "home": str(cloud.home)}, indent=2))
    beside.rename(path)
