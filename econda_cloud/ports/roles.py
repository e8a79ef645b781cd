"""Roles that customers keep for namespaces: credentials of their own account, for the tasks of one namespace.

What a task may do with them is the customer's to say; econda only takes the role on, and says for which run.
"""

from __future__ import annotations

from typing import Protocol

import msgspec


class RoleRefused(Exception):
    """The role cannot be taken on; the message says which and why."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Temporary ones of AWS. `expires_ms`: since the epoch."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_ms: int


class Roles(Protocol):
    def has(self, namespace: str) -> bool:
        """Whether tasks of a namespace are given credentials. Asks nobody."""
        ...

    def lend(self, namespace: str, run: str, now: int) -> Credentials:
        """Credentials for the tasks of a run, good for some minutes at least from `now` (ms) on. Raises `RoleRefused`."""
        ...


class NoRoles:
    """Where no namespace has one."""

    def has(self, namespace: str) -> bool:
        del namespace
        return False

    def lend(self, namespace: str, run: str, now: int) -> Credentials:
        del run, now
        raise RoleRefused(f"the namespace {namespace} has no role")
