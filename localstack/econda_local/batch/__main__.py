"""`python -m econda_local.batch --port P --events-endpoint URL --home DIR`: run the endpoint in the foreground."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import uuid
from pathlib import Path

import uvicorn

from econda_local.batch.account import Account
from econda_local.batch.container import docker_answers
from econda_local.batch.endpoint import Endpoint, now_ms
from econda_local.batch.events import Publisher
from econda_local.batch.keeping import Keeper, restore
from econda_local.batch.launches import Host
from econda_local.batch.names import Place
from econda_local.batch.server import application

TOKEN_VARIABLE = "ECONDA_EMITTER_TOKEN"


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m econda_local.batch", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--events-endpoint", help="where PutEvents goes; without it no event is published")
    parser.add_argument("--home", type=Path, required=True, help="folder for logs and working folders of attempts")
    parser.add_argument(
        "--restored-from",
        type=float,
        help="begin with what was saved under --home, as of this moment (seconds since the epoch)",
    )
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--account", default="000000000000")
    parser.add_argument(
        "--stop-grace",
        type=float,
        default=float(os.environ.get("ECONDA_BATCH_STOP_GRACE", "30")),
        help="seconds between SIGTERM and SIGKILL [ECONDA_BATCH_STOP_GRACE]",
    )
    parser.add_argument(
        "--shortest-timeout",
        type=int,
        default=int(os.environ.get("ECONDA_BATCH_SHORTEST_TIMEOUT", "60")),
        help="smallest attemptDurationSeconds taken [ECONDA_BATCH_SHORTEST_TIMEOUT]",
    )
    return parser.parse_args(given)


def aws_variables(options: argparse.Namespace) -> dict[str, str]:
    """What lets an unmodified boto3 in a job reach the local cloud; variables already set are kept."""
    defaults: dict[str, str] = {
        "AWS_ENDPOINT_URL_BATCH": f"http://127.0.0.1:{options.port}",
        "AWS_ACCESS_KEY_ID": options.account,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": options.region,
        "AWS_REGION": options.region,
    }
    if options.events_endpoint:
        defaults["AWS_ENDPOINT_URL"] = str(options.events_endpoint)
    return {name: os.environ.get(name, value) for name, value in defaults.items()}


def main() -> None:
    options = arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    token = os.environ.pop(TOKEN_VARIABLE, None)  # not for the jobs to inherit
    variables = aws_variables(options)
    os.environ.update(variables)
    publisher = Publisher(options.events_endpoint, options.region, token) if options.events_endpoint else None
    account = Account(
        place=Place(options.region, options.account),
        now=now_ms,
        new_id=lambda: str(uuid.uuid4()),
        shortest_timeout=options.shortest_timeout,
    )
    if options.restored_from is None:
        shutil.rmtree(options.home / "state", ignore_errors=True)
    else:
        restore(options.home / "state", account, int(options.restored_from * 1000))
    keeper = Keeper(options.home / "state", account)
    host = Host(options.home.resolve(), variables, docker_answers(), options.stop_grace)
    app = application(Endpoint(account, host, publisher, keeper))
    uvicorn.run(
        app, host=options.host, port=options.port, log_level="warning", access_log=False, timeout_graceful_shutdown=3
    )


if __name__ == "__main__":
    main()
