"""The gateway of a stack, and assignments that lead to it: what it stands on in AWS."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from econda_adapters.aws.customer_roles import CustomerRoles, roles_of
from econda_adapters.aws.namespace_secrets import NamespaceSecrets
from econda_adapters.aws.s3_links import S3Links
from econda_adapters.clock import now_ms
from econda_cloud.gateway.assigning import Assigner
from econda_cloud.gateway.gateway import Gateway, Ports
from econda_cloud.gateway.tokens import BadKeys, KeyRing, Tokens, new_key, rotated
from econda_cloud.ports.blobs import BlobStore

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients
    from econda_adapters.aws.stack import Stack
    from econda_adapters.aws.team import Team
    from econda_cloud.gateway.work_answers import AfterReport

KEYS_KNOWN_S = 60.0
"""How long a process goes by the keys that it has read; rotation waits longer before old ones end."""


def keys_parameter(team: str) -> str:
    """The parameter that holds a team's keys: a SecureString, which costs nothing while nobody works."""
    return f"/econda/{team}/gateway-keys"


class ParameterKeys:
    """The ring of keys in Parameter Store, made when it is first asked for. Raises `BadKeys`, botocore's `ClientError`."""

    def __init__(self, name: str, clients: Clients, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._clients, self._clock = name, clients, clock
        self._known: tuple[float, KeyRing] | None = None

    def __call__(self) -> KeyRing:
        if self._known is None or self._clock() - self._known[0] > KEYS_KNOWN_S:
            self._known = self._clock(), self._read()
        return self._known[1]

    def rotate(self, now: int, *, lasts_ms: int) -> None:
        """Sign with a new key from `now` on (ms since the epoch), which others notice within a minute."""
        ring = rotated(self._read(), new_key(now), retires_ms=now + lasts_ms + int(2_000 * KEYS_KNOWN_S))
        self._put(ring, over=True)
        self._known = None

    def _read(self) -> KeyRing:
        ssm = self._clients("ssm")
        try:
            text = ssm.get_parameter(Name=self._name, WithDecryption=True)["Parameter"]["Value"]
        except ssm.exceptions.ParameterNotFound:
            return self._first()
        try:
            return msgspec.json.decode(text, type=KeyRing)
        except msgspec.DecodeError:
            raise BadKeys(f"the parameter {self._name} holds no keys; delete it, and new ones are made") from None

    def _first(self) -> KeyRing:
        """Of two that make the first ring at once, one is heeded."""
        ring, ssm = KeyRing((new_key(0),)), self._clients("ssm")
        try:
            self._put(ring, over=False)
        except ssm.exceptions.ParameterAlreadyExists:
            return self._read()
        return ring

    def _put(self, ring: KeyRing, *, over: bool) -> None:
        text = msgspec.json.encode(ring).decode()
        self._clients("ssm").put_parameter(Name=self._name, Value=text, Type="SecureString", Overwrite=over)


def team_gateway(team: Team, after_report: AfterReport | None = None) -> Gateway:
    """The gateway on a team's stores and queues."""
    stack, clients = team.stack, team.clients
    ports = Ports(
        log=team.log,
        blobs=team.blobs,
        events=team.events,
        links=S3Links(stack.bucket, clients),
        # Made anew each time, so that a secret which was changed is read as it is.
        secrets=lambda namespace: NamespaceSecrets(stack.team, namespace, clients),
        clock=now_ms,
        roles=CustomerRoles(stack.team, roles_of(os.environ), clients),
    )
    return Gateway(ports, team_tokens(stack, clients), after_report)


def team_tokens(stack: Stack, clients: Clients) -> Tokens:
    return Tokens(ParameterKeys(keys_parameter(stack.team), clients))


def team_assigner(stack: Stack, clients: Clients, blobs: BlobStore) -> Assigner:
    """Makes assignments of a stack that has a gateway. Raises `ValueError` for one that has none yet."""
    return Assigner(gateway_address(stack.gateway), team_tokens(stack, clients), blobs)


def gateway_address(url: str, environment: Mapping[str, str] = os.environ) -> str:
    """Where workers find the function with this URL. Raises `ValueError` for none.

    An emulator that stands for AWS answers for all functions at its own address (see localstack/README.md).
    """
    if not url:
        raise ValueError("this stack has no gateway; deploy it again")
    host = urlsplit(url).hostname or ""
    endpoint = environment.get("AWS_ENDPOINT_URL_LAMBDA") or environment.get("AWS_ENDPOINT_URL")
    if endpoint and ".lambda-url." in host:
        return f"{endpoint.rstrip('/')}/_aws/lambda-url/{host.partition('.')[0]}"
    return url.rstrip("/")
