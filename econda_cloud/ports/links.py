"""Links: addresses at which a blob can be read or written for a while by whoever has them."""

from __future__ import annotations

from typing import Protocol

from econda_cloud.wire.worker_protocol import Link, Upload, Write


class Links(Protocol):
    """Addresses are good for minutes, and never longer than the rights of who gives them."""

    def to_read(self, key: str, now: int) -> Link:
        """`now` in ms since the epoch. Whether the blob is there is found out by reading it."""
        ...

    def to_write(self, write: Write, apart: str, now: int, *, once: bool = False) -> Upload:
        """To write a blob with this very content, under its key; or under `apart`, unless that is empty, if the store
        cannot check the content on its way in. `once`: only if nothing is there yet."""
        ...

    def finish(self, key: str, upload: str, tags: list[str]) -> None:
        """Make one blob of the parts of an upload. Raises `ValueError` if the store does not take them for it."""
        ...
