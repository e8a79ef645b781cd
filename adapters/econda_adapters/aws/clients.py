"""Clients of AWS services, made when first used: importing boto3 takes most of a small function's start."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from threading import Lock
from typing import Any

CONNECTIONS = 32
"""Connections a client keeps, and so how many calls of one service go in parallel."""

USER_AGENT = "econda-user"
"""Tells the requests of people and deployments from those of a stack's own functions and jobs."""


class Clients:
    """Clients by service name, safe between threads. `environment` names endpoint, region and credentials explicitly.

    Without it boto3 looks where it always does: its own environment variables, files and instance roles.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = environment
        self._made: dict[str, Any] = {}
        self._lock = Lock()

    def __call__(self, service: str) -> Any:
        with self._lock:
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]

    def _make(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        # Addresses that are good for a while are signed by the old method unless told otherwise.
        signed = {"signature_version": "s3v4"} if service == "s3" else {}
        agent = {} if self._environment is None else {"user_agent_extra": USER_AGENT}
        config = Config(
            max_pool_connections=CONNECTIONS, retries={"mode": "standard", "max_attempts": 6}, **signed, **agent
        )
        if self._environment is None:
            return boto3.client(service, config=config)  # type: ignore[call-overload]
        given = self._environment
        endpoint = given.get(f"AWS_ENDPOINT_URL_{service.upper()}") or given.get("AWS_ENDPOINT_URL")
        make = partial(boto3.client, service, config=config, region_name=given.get("AWS_REGION"), endpoint_url=endpoint)
        if "AWS_ACCESS_KEY_ID" in given:
            make = partial(
                make,
                aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
                aws_session_token=given.get("AWS_SESSION_TOKEN"),
            )
        return make()

    def close(self) -> None:
        for client in self._made.values():
            client.close()
        self._made.clear()
