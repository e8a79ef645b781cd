"""Starts ministack and waits until it answers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from econda_local import detached, reaper
from econda_local.ministack import snapshot
from econda_local.ministack.environment import python

SERVE = Path(__file__).with_name("serve.py")
HEALTH = "/_ministack/health"
# Python workers a burst may start at once: each holds about 60 MB with boto3 imported.
MOST_FUNCTIONS_AT_ONCE = "64"


def start(home: Path, port: int, *, account: str, region: str, token: str, batch_endpoint_url: str) -> detached.Started:
    """Start ministack on 127.0.0.1:`port` with its data and log under `home`, and with the state that was saved there;
    `HEALTH` answers when it is ready.

    Its Lambda functions inherit its environment, so the Batch endpoint's address goes into it. `token` is what the
    Batch endpoint shows the event bus to publish as AWS itself.
    """
    shutil.rmtree(home / "tmp", ignore_errors=True)  # where functions of one that was killed had been unpacked
    for name in ("tmp", "s3", "state"):
        (home / name).mkdir(parents=True, exist_ok=True)
    dropped = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    environment |= {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": region,
        "MINISTACK_ACCOUNT_ID": account,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ENDPOINT_URL_BATCH": batch_endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        # The user's own settings are of no concern to the functions here.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "TMPDIR": str(home / "tmp"),
        "S3_DATA_DIR": str(home / "s3"),
        "STATE_DIR": str(home / "state"),
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_ACCOUNT_CONCURRENCY": os.environ.get("LAMBDA_ACCOUNT_CONCURRENCY", MOST_FUNCTIONS_AT_ONCE),
        "LAMBDA_WARM_TTL_SECONDS": os.environ.get("LAMBDA_WARM_TTL_SECONDS", "60"),
        "ECONDA_EMITTER_TOKEN": token,
    }
    command = [str(python()), str(SERVE)]
    return _with_reaper(command, home, environment)


def saved_moment(home: Path) -> float | None:
    """Of when the state is that was saved last under `home`, in seconds since the epoch. Raises detached.DidNotStart
    when it cannot be read."""
    try:
        header = snapshot.header(home / "state")
    except snapshot.Unreadable as problem:
        raise detached.DidNotStart(f"the saved state of the local cloud cannot be read: {problem}") from None
    return None if header is None else header.moment


def _with_reaper(command: Sequence[str], home: Path, environment: dict[str, str]) -> detached.Started:
    """Functions in the middle of an invocation do not notice that ministack was killed, and would go on to write into
    the next one: a reaper ends all of its session when the pipe closes whose other end only ministack has."""
    read, write = os.pipe()
    try:
        log = home / "ministack.log"
        detached.start(reaper.COMMAND, log=log, environment=os.environ, directory=home, stdin=read)
        started = detached.start(command, log=log, environment=environment, directory=home, pass_fds=(write,))
        os.write(write, f"+{started.pid}\n".encode())
        return started
    finally:
        os.close(read)
        os.close(write)
