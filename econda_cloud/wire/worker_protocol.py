"""What workers and the gateway say to each other: JSON both ways, `Authorization: Bearer` with the chunk's token.

POST /v1/claim      become the owner of the chunk; the answer's token is the one to use from then on
POST /v1/heartbeat  still at work; still wanted? The answer renews the token
POST /v1/links      addresses to read and write blobs at, each for a while
POST /v1/exists     whether blobs are there
POST /v1/read       a small blob with its tag
POST /v1/write      a small blob, if it has not changed
POST /v1/uploaded   the parts of a large upload are there
POST /v1/secrets    the texts of secrets that the chunk names
POST /v1/report     attempts that have ended; the answer may be the next one
GET, PUT /v1/blob/… the content of a blob, at an address that `links` gave

The gateway keeps nothing between requests but in memory: where it does not know a chunk's document, it answers
`428 document_wanted`, and the request is repeated with the document in it; the token names its digest.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from econda_cloud.wire.assignment import NOTHING
from econda_cloud.wire.events import Item

BODY_MOST = 5_000_000
"""Bytes of a request's JSON: an invocation of a function takes 6 MB."""

SMALL_MOST = 3_000_000
"""Bytes of a blob that travels inside a request; larger ones go by links."""

LOG_INSIDE_MOST = 1_000_000
"""Bytes of a log that travels inside a report."""

LOG_PARTS_MOST = 1_000_000
"""Parts of a chunk's log, or pieces of what an attempt has written so far."""

PACKED_MOST, PACK_MOST = 64 * 1024, 1_500_000
"""Bytes of a file that travels inside a report with others, and of all of them together."""

KEYS_MOST = 2_000
"""Keys that one request asks about."""

DOCUMENT_WANTED = "document_wanted"
CLAIMED = "claimed"
CLAIM_LOST = "claim_lost"


class Body(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of what workers send. `document`: the chunk's, as it was handed over."""

    document: msgspec.Raw = NOTHING


class Claim(Body, kw_only=True):
    """`owner`: a name that no other worker uses. `look`: tell what is cancelled already (a billed read)."""

    chunk: str
    namespace: str
    owner: str
    handle: str
    index: int | None = None
    look: bool = False


class Heartbeat(Body, kw_only=True):
    """`alive`: note that the owner is at work (a billed write). `seen`: how many notes of cancelling it knows."""

    alive: bool
    seen: int = 0


class Write(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A blob to write: its size in bytes and the SHA-256 of its content."""

    key: str
    sha256: str
    size: int


class AskLinks(Body, kw_only=True):
    reads: list[str] = []
    writes: list[Write] = []


class Exists(Body, kw_only=True):
    keys: list[str]


class Read(Body, kw_only=True):
    key: str


class WriteSmall(Body, kw_only=True):
    """`tag`: that of the content to replace, None if there is none yet. Not `conditional`: whatever is there."""

    key: str
    data: bytes
    tag: str | None = None
    conditional: bool = True


class Uploaded(Body, kw_only=True):
    """`tags` are what the store answered for each part, in their order."""

    key: str
    upload: str
    tags: list[str]


class AskSecrets(Body, kw_only=True):
    references: list[dict[str, Any]]


class AskCredentials(Body, kw_only=True):
    """Answered by `ports.roles.Credentials`."""


class SendReport(Body, kw_only=True):
    """`events`: one AttemptSucceeded or AttemptFailed each. `log`: what has come to the chunk's log, as its part `log_part`.

    `pack`: small files that the events name, as number `pack_number` of this worker. `last`: nothing follows. `may_go_on`: the worker can take another chunk now, in a place that lasts until `ends_ms`.
    """

    events: msgspec.Raw
    log: bytes | None = None
    log_part: Annotated[int, msgspec.Meta(ge=0, lt=LOG_PARTS_MOST)] = 0
    pack: bytes | None = None
    pack_number: int = 0
    last: bool = False
    may_go_on: bool = False
    ends_ms: int | None = None


class Claimed(msgspec.Struct, kw_only=True):
    """`document` is there if the worker did not bring it. `until_ms`: when the claim expires; `now_ms`: the gateway's time.

    `credentials`: tasks of this namespace may have some of their customer's.
    """

    token: str
    until_ms: int
    now_ms: int
    credentials: bool = False
    document: msgspec.Raw = NOTHING
    cancelled: list[Item] = []
    seen: int = 0


class Beat(msgspec.Struct, kw_only=True):
    token: str
    until_ms: int
    cancelled: list[Item] = []
    seen: int = 0


class Link(msgspec.Struct, kw_only=True, frozen=True):
    """Where to read or write, and with which headers, until `until_ms` (since the epoch)."""

    url: str
    until_ms: int
    headers: dict[str, str] = {}


class Upload(msgspec.Struct, kw_only=True, frozen=True):
    """Where to write a blob: `parts` of `part_bytes` each, the last one shorter. `key`: what the blob is called then.

    `upload` is empty for one part; of several the tags are told by `uploaded`. No parts: it is there already.
    """

    key: str
    parts: tuple[Link, ...] = ()
    part_bytes: int = 0
    upload: str = ""


class Links(msgspec.Struct, kw_only=True):
    """`now_ms`: the gateway's time, since the worker's clock may be another."""

    now_ms: int
    reads: dict[str, Link] = {}
    writes: dict[str, Upload] = {}


class Found(msgspec.Struct, kw_only=True):
    keys: list[str]


class Content(msgspec.Struct, kw_only=True):
    data: bytes
    tag: str


class Written(msgspec.Struct, kw_only=True):
    tag: str = ""


class Texts(msgspec.Struct, kw_only=True):
    texts: list[str]


class Following(msgspec.Struct, kw_only=True):
    """A chunk to go on with in the same place, and its token: it is claimed already."""

    document: msgspec.Raw
    token: str
    until_ms: int


class Reported(msgspec.Struct, kw_only=True):
    next: Following | None = None


class Problem(msgspec.Struct, kw_only=True):
    """The body of every refusal. `retry_after_s`: for those who were too fast. `by`: the handle of another owner."""

    error: str
    what_to_do: str = ""
    retry_after_s: float = 0.0
    by: str = ""
