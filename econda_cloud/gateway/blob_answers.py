"""Blobs for workers: addresses, small contents, and the content itself where the store gives no addresses."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from econda_cloud.gateway.ownership import Ownership, asked, check_few
from econda_cloud.gateway.requests import Refusal, Request, Response
from econda_cloud.gateway.tokens import Leave, Token
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.links import Links
from econda_cloud.ports.log import Conflict
from econda_cloud.wire import worker_protocol as protocol


class BlobAnswers:
    """Answers about blobs; raises `Refusal`, and what the store raises."""

    def __init__(self, owners: Ownership, blobs: BlobStore, addresses: Links) -> None:
        self._owners, self._blobs, self._addresses = owners, blobs, addresses

    def links(self, token: Token, request: Request, now: int) -> protocol.Links:
        wanted = asked(request, protocol.AskLinks)
        check_few(wanted.reads, wanted.writes)
        reach = self._owners.document(token, wanted, now).reach
        for key in wanted.reads:
            _must(reach.may_read(key), key, "read")
        for write in wanted.writes:
            _must(write.size >= 0 and reach.may_write(write.key, write.sha256), write.key, "written")
        writes = {}
        for each in wanted.writes:
            once = reach.written_once(each.key)
            if once and self._blobs.exists(each.key):
                writes[each.key] = protocol.Upload(key=each.key)
            else:
                if reach.takes_the_place(each.key):
                    # The newest one lies in the other slot; without this, a bucket with versions would keep them all.
                    self._blobs.purge(each.key)
                apart = reach.unchecked(each.sha256) if reach.is_artifact(each.key) else ""
                writes[each.key] = self._addresses.to_write(each, apart, now, once=once)
        reads = {key: self._addresses.to_read(key, now) for key in wanted.reads}
        return protocol.Links(now_ms=now, reads=reads, writes=writes)

    def exists(self, token: Token, request: Request, now: int) -> protocol.Found:
        wanted = asked(request, protocol.Exists)
        check_few(wanted.keys)
        reach = self._owners.document(token, wanted, now).reach
        for key in wanted.keys:
            _must(reach.may_read(key) or reach.is_artifact(key), key, "looked for")
        return protocol.Found(keys=[key for key in wanted.keys if self._blobs.exists(key)])

    def read(self, token: Token, request: Request, now: int) -> protocol.Content:
        wanted = asked(request, protocol.Read)
        _must(self._owners.document(token, wanted, now).reach.may_read(wanted.key), wanted.key, "read")
        try:
            data, tag = self._blobs.tagged(wanted.key)
        except KeyError:
            raise _missing(wanted.key) from None
        if len(data) > protocol.SMALL_MOST:
            raise Refusal(413, f"{wanted.key[:200]} is too large for an answer", "ask for a link")
        return protocol.Content(data=data, tag=tag)

    def write(self, token: Token, request: Request, now: int) -> protocol.Written:
        wanted = asked(request, protocol.WriteSmall)
        reach = self._owners.document(token, wanted, now).reach
        _must(reach.may_write(wanted.key, hashlib.sha256(wanted.data).hexdigest()), wanted.key, "written")
        if not wanted.conditional and not reach.written_once(wanted.key):
            self._blobs.put(wanted.key, wanted.data)
            return protocol.Written()
        try:
            return protocol.Written(tag=self._blobs.put_if(wanted.key, wanted.data, wanted.tag))
        except Conflict:
            raise _changed(wanted.key) from None

    def uploaded(self, token: Token, request: Request, now: int) -> protocol.Written:
        wanted = asked(request, protocol.Uploaded)
        reach = self._owners.document(token, wanted, now).reach
        key = wanted.key
        _must(key == reach.unchecked(key.rpartition("/")[2]) or reach.may_write(key, ""), key, "written")
        try:
            self._addresses.finish(key, wanted.upload, wanted.tags)
        except ValueError as error:
            raise Refusal(422, f"the upload is not whole: {error}", "ask for links and send it again") from None
        return protocol.Written()

    def content(self, leave: Leave, request: Request) -> Response:
        """The content of a blob for whoever has an address, or its new content."""
        if leave.method == "GET":
            return self._sent(leave.blob)
        digest, size = _digest(request.body)
        if (digest, size) != (leave.sha256, leave.size):
            raise Refusal(
                422, f"{size} bytes came that are not what was announced", "send the file that the link is for"
            )
        if leave.once and self._blobs.exists(leave.blob):
            return Response(200)
        if isinstance(request.body, Path):
            self._blobs.put_file(leave.blob, request.body)
        else:
            self._blobs.put(leave.blob, request.body)
        return Response(200)

    def _sent(self, key: str) -> Response:
        """As a file, since it may be larger than memory; whoever sends it removes it."""
        descriptor, name = tempfile.mkstemp(prefix="econda-gateway-")
        os.close(descriptor)
        path = Path(name)
        try:
            self._blobs.get_file(key, path)
        except BaseException as error:
            path.unlink(missing_ok=True)
            raise _missing(key) if isinstance(error, KeyError) else error from None
        return Response(200, path, {"content-type": "application/octet-stream"})


def _must(allowed: bool, key: str, verb: str) -> None:
    if not allowed:
        error = f"{key[:200]} is none that this chunk may have {verb}"
        raise Refusal(403, error, "a chunk reads what its document names, and writes what is its own")


def _missing(key: str) -> Refusal:
    return Refusal(404, f"there is no {key[:200]}", "run again what made it")


def _changed(key: str) -> Refusal:
    return Refusal(412, f"{key[:200]} has changed", "read it again")


def _digest(body: bytes | Path) -> tuple[str, int]:
    if isinstance(body, Path):
        with body.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), body.stat().st_size
    return hashlib.sha256(body).hexdigest(), len(body)
