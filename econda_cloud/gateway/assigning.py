"""Assignments: what the trusted side hands to a pool for a chunk's worker, with the token in it."""

from __future__ import annotations

import msgspec

from econda_cloud.gateway.tokens import UNCLAIMED_LASTS_MS, Limits, Token, Tokens
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Conflict
from econda_cloud.wire.assignment import NOTHING, Assignment, document_digest
from econda_cloud.wire.chunk import Chunk, decode_chunk, encode_chunk
from econda_cloud.wire.keys import chunk_key

INLINE_MOST = 200_000
"""Bytes of a chunk's document that travel inside an assignment; invocations take 1 MB, formerly 256 KiB."""


class Assigner:
    """Makes assignments for workers that find the gateway at `gateway`, an http(s) address."""

    def __init__(self, gateway: str, tokens: Tokens, blobs: BlobStore, limits: Limits | None = None) -> None:
        self._gateway, self._tokens, self._blobs, self._limits = gateway, tokens, blobs, limits or Limits()

    def assign(
        self,
        chunk: Chunk,
        now: int,
        *,
        inline: bool,
        array: bool = False,
        lone: bool = False,
        lasts_ms: int = UNCLAIMED_LASTS_MS,
        ends_ms: int | None = None,
    ) -> Assignment:
        """An assignment whose document is stored first if it is too long to travel, or shall not (`inline` False).

        A chunk that was handed over before keeps the document of that time: its workers find their work in it by
        number, and the attempts that have ended since then would shift those behind them. `array`: of
        several attempts each has a worker of its own, which claims its index. `lone`: see `tokens.Token`. `lasts_ms`: how long the chunk may wait for its worker.
        """
        document, key = encode_chunk(chunk), ""
        if not inline or len(document) > INLINE_MOST:
            key = chunk_key(chunk.namespace, chunk.run, chunk.id)
            try:
                self._blobs.put_if(key, document, None)
            except Conflict:
                document = self._blobs.get(key)
        size = len(decode_chunk(document).items if key else chunk.items)
        token = Token(run=chunk.run, namespace=chunk.namespace, chunk=chunk.id, document=document_digest(document),
                      key=key, members=size if array and size > 1 else 0, lone=lone, limits=self._limits, ends_ms=now + lasts_ms)  # fmt: skip
        return Assignment(
            run=chunk.run,
            namespace=chunk.namespace,
            chunk=chunk.id,
            size=size,
            gateway=self._gateway,
            token=self._tokens.sign(token, now),
            document=NOTHING if key else msgspec.Raw(document),
            ends_ms=ends_ms,
        )
