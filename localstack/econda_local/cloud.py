"""The local cloud: ministack and the Batch endpoint, started and stopped together, one cloud per home folder."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from econda_local import detached, ministack
from econda_local.ministack.start import HEALTH

REGION = "us-east-1"
ACCOUNT = "000000000000"
COUNTS = "/_econda/requests"
BATCH_HEALTH = "/local/health"
BATCH_PATIENCE = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """A running cloud. `pids` maps the name of a process to its id; `started_at` is in seconds since the epoch."""

    endpoint_url: str
    batch_endpoint_url: str
    account: str
    pids: dict[str, int]
    home: Path
    started_at: float
    region: str = field(default=REGION)

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
            "AWS_CONFIG_FILE": str(_folder(self.home) / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(_folder(self.home) / "aws-credentials"),
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


def default_home() -> Path:
    """$ECONDA_HOME, or ~/.econda."""
    return Path(os.environ.get("ECONDA_HOME") or Path.home() / ".econda")


def up(home: Path | None = None, *, port: int | None = None) -> LocalCloud:
    """Start the cloud of `home`, or return the one that runs. `port` is ministack's (any free one if None).

    Raises ministack.InstallationFailed or detached.DidNotStart; nothing is left running then.
    """
    home = (home or default_home()).resolve()
    with _locked(home):
        running = status(home)
        if running is not None:
            return running
        _forget(home)
        cloud = _started(home, port or detached.free_port())
        _save(cloud)
        return cloud


def status(home: Path | None = None) -> LocalCloud | None:
    """The cloud of `home` if all its processes live and answer, else None."""
    cloud = _saved((home or default_home()).resolve())
    if cloud is None or not all(detached.alive(pid, cloud.started_at) for pid in cloud.pids.values()):
        return None
    urls = (cloud.endpoint_url + HEALTH, cloud.batch_endpoint_url + BATCH_HEALTH)
    return cloud if all(detached.answers(url) for url in urls) else None


def down(home: Path | None = None) -> bool:
    """Stop the cloud of `home` and delete its state; return whether there was one."""
    home = (home or default_home()).resolve()
    if not _folder(home).exists():
        return False
    with _locked(home):
        return _forget(home)


def _started(home: Path, port: int) -> LocalCloud:
    folder, batch_port, token = _folder(home), detached.free_port(), secrets.token_hex(16)
    url, batch_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{batch_port}"
    (folder / "aws-config").write_text("[default]\ns3 =\n    addressing_style = path\n")
    (folder / "aws-credentials").write_text("")
    pids: dict[str, int] = {}
    try:
        emulator = ministack.start(
            folder / "ministack", port, account=ACCOUNT, region=REGION, token=token, batch_endpoint_url=batch_url
        )
        pids["ministack"] = emulator.pid
        cloud = LocalCloud(url, batch_url, ACCOUNT, pids, home, time.time())
        pids["batch"] = _start_batch(cloud, folder / "batch", batch_port, token).pid
    except BaseException:
        detached.stop(list(pids.values()))
        raise
    return LocalCloud(url, batch_url, ACCOUNT, pids, home, time.time())


def _start_batch(cloud: LocalCloud, folder: Path, port: int, token: str) -> detached.Started:
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "econda_local.batch", "--port", str(port), "--home", str(folder)]
    command += ["--events-endpoint", cloud.endpoint_url, "--region", cloud.region, "--account", cloud.account]
    dropped = ("AWS_PROFILE", "AWS_SESSION_TOKEN")
    inherited = {name: value for name, value in os.environ.items() if name not in dropped}
    environment = {**inherited, **cloud.environment(), "ECONDA_EMITTER_TOKEN": token}
    started = detached.start(command, log=folder / "batch.log", environment=environment, directory=folder)
    detached.wait_until_it_answers(started, cloud.batch_endpoint_url + BATCH_HEALTH, BATCH_PATIENCE)
    return started


def _forget(home: Path) -> bool:
    cloud, folder = _saved(home), _folder(home)
    if cloud is not None:
        # Batch first: its jobs may still be talking to ministack.
        for name in ("batch", "ministack"):
            detached.stop([pid for key, pid in cloud.pids.items() if key == name], before=cloud.started_at)
    for entry in folder.iterdir():
        if entry.name == "lock":
            continue
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
    return cloud is not None


def _folder(home: Path) -> Path:
    return home / "local"


def _saved(home: Path) -> LocalCloud | None:
    try:
        members = json.loads((_folder(home) / "cloud.json").read_text())
        return LocalCloud(**{**members, "home": Path(members["home"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _save(cloud: LocalCloud) -> None:
    path = _folder(cloud.home) / "cloud.json"
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({**asdict(cloud), "home": str(cloud.home)}, indent=2))
    beside.rename(path)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    _folder(home).mkdir(parents=True, exist_ok=True)
    with (_folder(home) / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
