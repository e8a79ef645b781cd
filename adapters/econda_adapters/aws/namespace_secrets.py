"""The secrets of one namespace of a team: those of Secrets Manager whose names begin with `econda/<team>/<namespace>/`.

A plan names them without that beginning, so that it runs unchanged for another team, or with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from econda_adapters.aws.secrets import AwsSecrets
from econda_cloud.ports.secrets import LocalSecrets, SecretUnavailable

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients

LONGEST = 65_536
"""Bytes of a secret's text that Secrets Manager takes."""

RECOVERABLE_DAYS = 7
"""How long a removed secret can be had back: the least that Secrets Manager allows."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9/_+=.@-]{0,254}")


class BadSecret(ValueError):
    """A name or a text that cannot be kept. The message holds nothing of the text."""


@dataclass(frozen=True)
class Kept:
    """A secret as it may be shown: its name inside the namespace, and when its text was set last."""

    name: str
    changed: datetime | None


class NamespaceSecrets:
    """Reads them for the gateway, and keeps them for `econda secrets`. Raises botocore's `ClientError` for what AWS refuses."""

    def __init__(self, team: str, namespace: str, clients: Clients) -> None:
        self._prefix, self._clients = f"econda/{team}/{namespace}/", clients
        self._secrets = AwsSecrets(clients, LocalSecrets({}))

    def get(self, reference: Mapping[str, Any]) -> str:
        """See `ports.secrets`. A name that begins with `econda/` is one of Secrets Manager, and has to be of this namespace."""
        name = str(reference.get("name", ""))
        if not name.startswith("econda/"):
            name = self._prefix + name
        if reference.get("driver") != "aws_secrets" or not name.startswith(self._prefix):
            raise SecretUnavailable(f"the secret `{name}` is not in this namespace, whose names begin `{self._prefix}`")
        return self._secrets.get({**reference, "name": name})

    def set(self, name: str, text: str) -> None:
        """Keep a text under a name, in place of what is there. Raises `BadSecret`."""
        full, size = self._full(name), len(text.encode())
        if not 0 < size <= LONGEST:
            raise BadSecret(f"the text has {size:,} bytes; a secret has 1 to {LONGEST:,}")
        client = self._client
        removed = client.exceptions.InvalidRequestException
        try:
            client.create_secret(Name=full, SecretString=text)
            return
        except (client.exceptions.ResourceExistsException, removed):
            pass
        try:
            client.put_secret_value(SecretId=full, SecretString=text)
        except removed:
            # It can still be had back, and then has its text again until the next line.
            client.restore_secret(SecretId=full)
            client.put_secret_value(SecretId=full, SecretString=text)

    def names(self) -> list[Kept]:
        """All that are there, by name."""
        pages = self._client.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [self._prefix]}])
        found = [each for page in pages for each in page["SecretList"] if each["Name"].startswith(self._prefix)]
        return sorted(
            (Kept(each["Name"].removeprefix(self._prefix), each.get("LastChangedDate")) for each in found
             if each.get("DeletedDate") is None),
            key=lambda kept: kept.name,
        )  # fmt: skip

    def remove(self, name: str) -> None:
        """Have it deleted; it can be had back for a week in AWS's console. Raises `KeyError` if there is none."""
        client = self._client
        try:
            client.delete_secret(SecretId=self._full(name), RecoveryWindowInDays=RECOVERABLE_DAYS)
        except (client.exceptions.ResourceNotFoundException, client.exceptions.InvalidRequestException):
            raise KeyError(name) from None

    @property
    def _client(self) -> Any:
        return self._clients("secretsmanager")

    def _full(self, name: str) -> str:
        if not _NAME.fullmatch(name) or name.startswith("econda/"):
            raise BadSecret(f"`{name[:80]}` is no name for a secret: letters, digits and /_+=.@- may be in it")
        return self._prefix + name
