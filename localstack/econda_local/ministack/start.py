"""Starts ministack and waits until it answers."""

from __future__ import annotations

import os
from pathlib import Path

from econda_local import detached
from econda_local.ministack.environment import python

SERVE = Path(__file__).with_name("serve.py")
HEALTH = "/_ministack/health"
PATIENCE = 60.0  # seconds
# Python workers a burst may start at once: each holds about 60 MB with boto3 imported.
MOST_FUNCTIONS_AT_ONCE = "64"


def start(home: Path, port: int, *, account: str, region: str, token: str, batch_endpoint_url: str) -> detached.Started:
    """Start ministack on 127.0.0.1:`port` with its data and log under `home`. Raises detached.DidNotStart.

    Its Lambda functions inherit its environment, so the Batch endpoint's address goes into it. `token` is what the
    Batch endpoint shows the event bus to publish as AWS itself.
    """
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
    started = detached.start(command, log=home / "ministack.log", environment=environment, directory=home)
    detached.wait_until_it_answers(started, f"http://127.0.0.1:{port}{HEALTH}", PATIENCE)
    return started
