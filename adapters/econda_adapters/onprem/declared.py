"""What a team declares of its hosts: the targets of onprem.ssh."""

from __future__ import annotations

import msgspec


class Host(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A machine, by a name for handles and messages. memory: bytes. identity: file with the private key of `user`.

    host_key: its public key as `ssh-keyscan` tells it (`ssh-ed25519 AAAA…`), or `known_hosts`: a file that has it.
    """

    name: str
    address: str
    user: str
    identity: str
    cpu_milli: int
    memory: int
    gpu: int = 0
    port: int = 22
    host_key: str = ""
    known_hosts: str = ""
    scratch: str = "~/.econda-jobs"
    python: str = "python3"

    def __post_init__(self) -> None:
        if not (self.host_key or self.known_hosts):
            raise ValueError(f"the host {self.name} needs a `host_key` or `known_hosts`: an unknown one is not trusted")
        if "/" in self.name or not self.name:
            raise ValueError(f"`{self.name}` is no name for a host: it has a slash in it, or nothing")


class HostsTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An offer of onprem.ssh. `command` starts the worker and is handed the assignment on its standard input.

    grace_ms: between SIGTERM and SIGKILL. keep_ms: how long a folder stays once the end of its job was told.
    """

    hosts: tuple[Host, ...]
    command: tuple[str, ...]
    grace_ms: int = 10_000
    keep_ms: int = 600_000


def declared(raw: msgspec.Raw) -> HostsTarget | str:
    """The target, or why it is none."""
    try:
        return msgspec.json.decode(raw, type=HostsTarget)
    except msgspec.DecodeError as error:
        return f"the target of this pool cannot be read: {error}"
