"""Small files that attempts made, on their way together: in one blob, which travels with the report that names them."""

from __future__ import annotations

from pathlib import Path

from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.keys import pack_key
from econda_cloud.wire.parts import part_key
from econda_cloud.wire.worker_protocol import PACK_MOST, PACKED_MOST


class Pack:
    """The files of one chunk that its next report takes along. Used by one thread."""

    def __init__(self, chunk: Chunk, owner: str) -> None:
        self._chunk, self._owner = chunk, owner
        # What an operator keeps is committed before its report: it must not name what is not stored yet.
        self._open = not chunk.task.state
        self.number, self.data = 0, bytearray()

    def add(self, file: Path) -> str | None:
        """Take a file in; the key that it will have, or None if it is to go by itself."""
        size = file.stat().st_size
        if not self._open or size > PACKED_MOST or len(self.data) + size > PACK_MOST:
            return None
        chunk, start = self._chunk, len(self.data)
        self.data += file.read_bytes()
        key = pack_key(chunk.namespace, chunk.run, chunk.id, self._owner, self.number)
        return part_key(key, start, len(self.data) - start)

    def sent(self) -> None:
        """It was taken; what comes now goes into the next one."""
        if self.data:
            self.number, self.data = self.number + 1, bytearray()
