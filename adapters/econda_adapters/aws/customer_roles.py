"""Customers' roles, taken on with STS: with the external id that was agreed upon, and tags that say for whom.

Tags of a session: `econda:team`, `econda:namespace`, `econda:run`; a customer's policies may ask for them. Never run
against the real service yet; tested against an emulator of its wire protocol.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from econda_cloud.ports.roles import Credentials, RoleRefused

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients

VARIABLE = "ECONDA_ROLES"
"""Where a deployment tells the gateway: roles by namespace, as JSON."""

LASTS_S = 3_600
"""A role that is taken on by a role lasts an hour at most;
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html#iam-term-role-chaining"""

LEFT_MS = 15 * 60_000
"""Credentials with less time left are not lent any more."""

RUNS_KNOWN = 1_000


class CustomerRole(msgspec.Struct, frozen=True, kw_only=True):
    """A role's ARN, and the external id that its trust policy asks for."""

    arn: str
    external_id: str


def roles_of(environment: Mapping[str, str]) -> dict[str, CustomerRole]:
    """As a deployment has told them; none if it did not."""
    return msgspec.json.decode(environment.get(VARIABLE) or "{}", type=dict[str, CustomerRole])


class CustomerRoles:
    """See `ports.roles`. Credentials are kept per run, so a fan of a thousand tasks takes a role on once."""

    def __init__(self, team: str, roles: Mapping[str, CustomerRole], clients: Clients) -> None:
        self._team, self._roles, self._clients = team, roles, clients
        self._known: OrderedDict[tuple[str, str], Credentials] = OrderedDict()

    def has(self, namespace: str) -> bool:
        return namespace in self._roles

    def lend(self, namespace: str, run: str, now: int) -> Credentials:
        known = self._known.get((namespace, run))
        if known is None or known.expires_ms - now < LEFT_MS:
            known = self._known[namespace, run] = self._taken_on(namespace, run)
            while len(self._known) > RUNS_KNOWN:
                self._known.popitem(last=False)
        return known

    def _taken_on(self, namespace: str, run: str) -> Credentials:
        from botocore.exceptions import ClientError

        role = self._roles.get(namespace)
        if role is None:
            raise RoleRefused(f"the namespace {namespace} has no role")
        tags = {"econda:team": self._team, "econda:namespace": namespace, "econda:run": run}
        try:
            answer = self._clients("sts").assume_role(
                RoleArn=role.arn,
                RoleSessionName=re.sub(r"[^\w+=,.@-]", "-", f"econda-{run}")[:64],
                ExternalId=role.external_id,
                DurationSeconds=LASTS_S,
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )
        except ClientError as error:
            why = error.response.get("Error", {}).get("Code", "refused")
            if why in (
                "Throttling",
                "ThrottlingException",
                "RequestLimitExceeded",
                "InternalFailure",
                "ServiceUnavailable",
            ):
                raise
            raise RoleRefused(f"the role {role.arn} of the namespace {namespace} cannot be taken on: {why}") from None
        found = answer["Credentials"]
        return Credentials(
            access_key_id=found["AccessKeyId"],
            secret_access_key=found["SecretAccessKey"],
            session_token=found["SessionToken"],
            expires_ms=int(found["Expiration"].timestamp() * 1000),
        )
