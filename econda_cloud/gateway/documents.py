"""Documents of chunks, kept in memory by what tokens say of them; who is not remembered is asked again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import msgspec

from econda_cloud.gateway.reach import Reach
from econda_cloud.gateway.requests import Refusal
from econda_cloud.gateway.tokens import Token
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.wire.assignment import NOTHING, document_digest
from econda_cloud.wire.chunk import Chunk, decode_chunk
from econda_cloud.wire.worker_protocol import DOCUMENT_WANTED

REMEMBERED_BYTES = 64 * 1024**2


@dataclass(frozen=True)
class Document:
    """A chunk, or one member of an array as a chunk of its own, and how far its worker may reach."""

    chunk: Chunk
    reach: Reach
    text: bytes


class Documents:
    """Safe between threads."""

    def __init__(self, blobs: BlobStore, most: int = REMEMBERED_BYTES) -> None:
        self._blobs, self._most = blobs, most
        self._known: OrderedDict[tuple[str, int | None], Document] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def of(self, token: Token, given: msgspec.Raw) -> Document:
        """The document that the token names. Raises `Refusal` if it is neither known, nor stored, nor `given`."""
        name = (token.document, token.index)
        with self._lock:
            if name in self._known:
                self._known.move_to_end(name)
                return self._known[name]
        text = self._text(token, bytes(given))
        if document_digest(text) != token.document:
            raise Refusal(403, "the document is not the one of this token's chunk", "send the one of the assignment")
        document = _document(text, token)
        self._remember(name, document)
        return document

    def _text(self, token: Token, given: bytes) -> bytes:
        if token.key:
            return self._blobs.get(token.key)
        if given == bytes(NOTHING):
            raise Refusal(428, DOCUMENT_WANTED, "send the request again with the chunk's document in it")
        return given

    def _remember(self, name: tuple[str, int | None], document: Document) -> None:
        with self._lock:
            if name in self._known:
                return
            self._known[name] = document
            self._bytes += len(document.text)
            while self._bytes > self._most and len(self._known) > 1:
                self._bytes -= len(self._known.popitem(last=False)[1].text)


def _document(text: bytes, token: Token) -> Document:
    chunk = decode_chunk(text)
    if (chunk.run, chunk.namespace, chunk.id) != (token.run, token.namespace, token.chunk):
        raise Refusal(403, "the document is of another chunk", "send the one of the assignment")
    if token.index is not None:
        chunk = msgspec.structs.replace(chunk, items=(chunk.items[token.index],))
    return Document(chunk, Reach(chunk, token.index), text)
