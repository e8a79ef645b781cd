"""Tokens of workers: what a chunk's worker may ask for, signed, for a while.

The scheduler gives each chunk one that is good for nothing but a claim; who has claimed gets another, for its work.
Signed by HS256 with PyJWT: the gateway both signs and checks, so no public key is needed, and joserfc would bring
`cryptography`, larger than all else that the function imports.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Literal, TypeVar

import msgspec

from econda_cloud.gateway.claims import Claimed
from econda_cloud.gateway.requests import Refusal

UNCLAIMED_LASTS_MS = 24 * 3_600_000
"""How long a chunk may wait for its worker, unless its pool says otherwise."""

WORK_LASTS_MS = 3_600_000
"""How long a token for work lasts; each heartbeat renews it."""

TOKEN_MOST = 4_096
"""Characters of a token."""

_SECRET_LEAST = 32


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one chunk's worker may ask of one gateway: requests a second, and bytes of their bodies a minute."""

    rate: float = 20.0
    bytes_per_minute: int = 8 * 1024**3


class Token(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A chunk's token. `document` is the digest of the chunk's document, `key` where that lies if it does not travel.

    `members`: how many indexes an array has, 0 for a chunk that is no array. `claimed` and `index` are those of its
    worker; None for one that may only claim. `lone`: nothing else of its run was at work when it was handed over, so what
    its result makes ready may be gone on with. `ends_ms`: when it is good for nothing any more (ms since the epoch).
    """

    run: str
    namespace: str
    chunk: str
    document: str
    ends_ms: int
    key: str = ""
    members: int = 0
    lone: bool = False
    limits: Limits = Limits()
    index: int | None = None
    claimed: Claimed | None = None

    @property
    def name(self) -> str:
        """Whose requests are counted together."""
        return f"{self.namespace}/{self.chunk}/{'' if self.index is None else self.index}"


class Leave(msgspec.Struct, frozen=True, kw_only=True):
    """Leave to do one thing with one blob, for a while. `sha256`, `size`: of what is written; `once`: if nothing is there."""

    method: Literal["GET", "PUT"]
    blob: str
    name: str
    ends_ms: int
    sha256: str = ""
    size: int = 0
    once: bool = False
    limits: Limits = Limits()


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key that signs from `from_ms` until a newer one does, and is believed until `until_ms` (since the epoch)."""

    id: str
    secret: bytes
    from_ms: int = 0
    until_ms: int | None = None

    def __repr__(self) -> str:
        return f"Key({self.id!r})"


class BadKeys(ValueError):
    """Keys that cannot sign safely; the message holds no secret."""


class KeyRing(msgspec.Struct, frozen=True):
    """All keys that tokens may be signed with."""

    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        names = [key.id for key in self.keys]
        if not names or len(set(names)) != len(names):
            raise BadKeys("a ring of keys needs one key at least, and names that differ")
        for key in self.keys:
            if not re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", key.id) or len(key.secret) < _SECRET_LEAST:
                raise BadKeys(
                    f"the key {key.id[:40]!r} needs a plain name and {_SECRET_LEAST} bytes of secret at least"
                )

    def signing(self, now: int) -> Key:
        """The newest key that has begun and not ended. Raises `BadKeys`."""
        ready = [key for key in self.keys if key.from_ms <= now and (key.until_ms is None or now < key.until_ms)]
        if not ready:
            raise BadKeys("no key of the ring signs at this time; add one: keys rotate before the last has ended")
        return max(ready, key=lambda key: key.from_ms)

    def believed(self, name: str, now: int) -> Key | None:
        """The key of this name, unless it has ended."""
        found = next((key for key in self.keys if key.id == name), None)
        return found if found is not None and (found.until_ms is None or now < found.until_ms) else None


def new_key(now: int) -> Key:
    """A key that signs from now on (ms since the epoch)."""
    return Key(id=secrets.token_hex(4), secret=secrets.token_bytes(_SECRET_LEAST), from_ms=now)


def rotated(ring: KeyRing, key: Key, *, retires_ms: int) -> KeyRing:
    """The ring with a new key, the others believed until `retires_ms`: as long as tokens last that they have signed."""
    older = [
        msgspec.structs.replace(each, until_ms=retires_ms if each.until_ms is None else min(each.until_ms, retires_ms))
        for each in ring.keys
    ]
    kept = (each for each in older if each.until_ms is None or each.until_ms > key.from_ms)
    return KeyRing((*kept, key))


T = TypeVar("T", Token, Leave)
_USES: dict[type, str] = {Token: "worker", Leave: "blob"}


class Tokens:
    """Signs and checks. `ring` is asked each time, so that new keys are used as soon as they are there."""

    def __init__(self, ring: Callable[[], KeyRing]) -> None:
        self._ring = ring

    def sign(self, what: Token | Leave, now: int) -> str:
        """Raises `BadKeys`."""
        import jwt

        key = self._ring().signing(now)
        claims = {"use": _USES[type(what)], **msgspec.to_builtins(what)}
        return jwt.encode(claims, key.secret, algorithm="HS256", headers={"kid": key.id})

    def check(self, text: str, kind: type[T], now: int) -> T:
        """What the text says, if a key of the ring has signed it and its time is not over. Raises `Refusal`."""
        claims = self._verified(text, now)
        if claims.pop("use", None) != _USES[kind]:
            raise Refusal(401, "the token is for something else", "use the token of the chunk's assignment")
        try:
            found = msgspec.convert(claims, kind)
        except msgspec.ValidationError:
            raise Refusal(401, "the token is of another version", "start the worker of this stack's version") from None
        if now >= found.ends_ms:
            raise Refusal(401, "the token has expired", "a worker renews its token by its heartbeats; this one is late")
        return found

    def _verified(self, text: str, now: int) -> dict[str, object]:
        import jwt

        if len(text) > TOKEN_MOST:
            raise Refusal(401, "the token is too long to be one of econda", "send the token of the assignment")
        try:
            name = jwt.get_unverified_header(text).get("kid")
        except jwt.InvalidTokenError:
            raise Refusal(401, "the token is not one of econda", "send the token of the assignment") from None
        key = self._ring().believed(name, now) if isinstance(name, str) else None
        if key is None:
            raise Refusal(401, "the token's key is not known here, or has ended", "is this another team's gateway?")
        try:
            return jwt.decode(text, key.secret, algorithms=["HS256"], options={"verify_signature": True})
        except jwt.InvalidTokenError:
            raise Refusal(401, "the token's signature is wrong", "send the token as it was given, unchanged") from None


def bearer(headers: Mapping[str, str]) -> str:
    """The token in the headers (by lower-case names). Raises `Refusal`."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Refusal(401, "no token", "send the token of the assignment as `Authorization: Bearer …`")
    return token.strip()
