"""The code files of a run as one archive: the same files give the same bytes."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping


def pack_files(files: Mapping[str, bytes]) -> bytes:
    """A tar of files by their relative paths."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in sorted(files):
            about = tarfile.TarInfo(name)
            about.size = len(files[name])
            archive.addfile(about, io.BytesIO(files[name]))
    return buffer.getvalue()
