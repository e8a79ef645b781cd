"""Blobs and secrets as a worker has them: through the gateway, or at addresses that it gives."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from econda_cloud.ports.log import Conflict
from econda_cloud.ports.secrets import LocalSecrets, SecretUnavailable
from econda_cloud.wire import worker_protocol as protocol
from econda_cloud.wire.artifact_values import artifacts_in
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.keys import artifact_key
from econda_cloud.worker.data.packing import sha256
from econda_cloud.worker.gateway.client import GatewayClient, GatewayRefused, LinkRefused
from econda_cloud.worker.gateway.pack import Pack

_SPARE_MS = 30_000
"""An address that ends sooner is asked for anew."""

LOCAL_DRIVERS = frozenset({"environment", "file"})


class GatewayBlobs:
    """The blobs that one chunk may read and write (`ports.blobs.WorkerBlobs`); safe between threads.

    Raises what the client raises.
    """

    def __init__(self, client: GatewayClient, chunk: Chunk, pack: Pack | None = None) -> None:
        self._client, self._namespace, self._pack = client, chunk.namespace, pack
        self._addresses: dict[str, tuple[protocol.Link, float]] = {}
        self._lock = threading.Lock()
        named = [str(about.get("key")) for item in chunk.items for about in artifacts_in([item.args, item.argv])]
        self._expected = list(dict.fromkeys([*named, *filter(None, (chunk.archive, chunk.bundle))]))

    def get_file(self, key: str, path: Path) -> None:
        try:
            self._client.fetch(self._address(key), path)
        except LinkRefused:
            with self._lock:
                self._addresses.pop(key, None)
            self._client.fetch(self._address(key), path)
        except KeyError:
            raise KeyError(key) from None

    def put_file(self, key: str, path: Path) -> None:
        self._upload(key, path, sha256(path))

    def keep(self, file: Path, digest: str) -> str:
        """Put a file that a task made away; the key that its value is to name (`data.artifacts.Keep`)."""
        packed = self._pack.add(file) if self._pack is not None else None
        return packed or self._upload(artifact_key(self._namespace, digest), file, digest)

    def get(self, key: str) -> bytes:
        return self.tagged(key)[0]

    def tagged(self, key: str) -> tuple[bytes, str]:
        try:
            found = self._client.ask("/v1/read", protocol.Read(key=key), protocol.Content)
        except GatewayRefused as refused:
            if refused.status == 404:
                raise KeyError(key) from None
            raise
        return found.data, found.tag

    def put(self, key: str, data: bytes) -> None:
        if len(data) <= protocol.SMALL_MOST:
            self._client.ask("/v1/write", protocol.WriteSmall(key=key, data=data, conditional=False), protocol.Written)
            return
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            self.put_file(key, Path(file.name))

    def put_if(self, key: str, data: bytes, tag: str | None) -> str:
        if len(data) > protocol.SMALL_MOST:
            raise ValueError(f"{len(data)} bytes are too many to keep under {key}: keep what is large as a File")
        try:
            return self._client.ask("/v1/write", protocol.WriteSmall(key=key, data=data, tag=tag), protocol.Written).tag
        except GatewayRefused as refused:
            if refused.status == 412:
                raise Conflict(str(refused)) from None
            raise

    def exists(self, key: str) -> bool:
        return bool(self._client.ask("/v1/exists", protocol.Exists(keys=[key]), protocol.Found).keys)

    def _address(self, key: str) -> protocol.Link:
        """Where to read a blob. The first time all inputs are asked for at once: others will be wanted soon."""
        with self._lock:
            known = self._addresses.get(key)
            if known is not None and time.monotonic() < known[1]:
                return known[0]
            others = [each for each in self._expected if each != key] if not self._addresses else []
        wanted = protocol.AskLinks(reads=[key, *others[: protocol.KEYS_MOST - 1]])
        found = self._client.ask("/v1/links", wanted, protocol.Links)
        now = time.monotonic()
        with self._lock:
            for each, link in found.reads.items():
                self._addresses[each] = link, now + (link.until_ms - found.now_ms - _SPARE_MS) / 1000
            return self._addresses[key][0]

    def _upload(self, key: str, file: Path, digest: str) -> str:
        write = protocol.Write(key=key, sha256=digest, size=file.stat().st_size)
        for again in (True, False):
            upload = self._client.ask("/v1/links", protocol.AskLinks(writes=[write]), protocol.Links).writes[key]
            try:
                tags = [
                    self._client.send(link, file, start, min(upload.part_bytes, write.size - start))
                    for start, link in zip(_starts(upload), upload.parts, strict=False)
                ]
                break
            except LinkRefused:
                # Perhaps it came too late for its address.
                if not again:
                    raise
        if upload.upload:
            done = protocol.Uploaded(key=upload.key, upload=upload.upload, tags=tags)
            self._client.ask("/v1/uploaded", done, protocol.Written)
        return upload.key


def _starts(upload: protocol.Upload) -> range:
    return range(0, max(1, len(upload.parts) * upload.part_bytes), max(1, upload.part_bytes))


class GatewaySecrets:
    """Secrets that the chunk names: of the machine itself from there, all others from the gateway, once."""

    def __init__(self, client: GatewayClient) -> None:
        self._client, self._local = client, LocalSecrets()
        self._known: dict[str, str] = {}

    def get(self, reference: Mapping[str, Any]) -> str:
        if reference["driver"] in LOCAL_DRIVERS:
            return self._local.get(reference)
        name = repr(sorted(reference.items()))
        if name not in self._known:
            wanted = protocol.AskSecrets(references=[dict(reference)])
            try:
                [self._known[name]] = self._client.ask("/v1/secrets", wanted, protocol.Texts).texts
            except GatewayRefused as refused:
                raise SecretUnavailable(str(refused)) from None
        return self._known[name]
