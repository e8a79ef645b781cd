"""The files of a run as archives: the same files give the same bytes."""

from __future__ import annotations

import io
import tarfile
import zipfile
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


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """A .zip of files by their relative paths, as it is uploaded."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
