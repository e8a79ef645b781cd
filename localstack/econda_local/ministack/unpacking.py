"""The code of functions, unpacked once for all processes that run it.

ministack unpacks a function's archive for each process it starts, which then compiles every module it imports. On AWS a
function's code is mounted, and cannot be written; here it is a link into one folder per archive, where what was compiled
stays. Executed inside ministack's environment, beside serve.py.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

from ministack.core import lambda_runtime  # pyright: ignore[reportMissingImports]


def share_unpacked_code(folder: Path) -> None:
    """`folder` is emptied: it serves the functions of this process."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    class SharedCode(zipfile.ZipFile):
        def extractall(self, path=None, members=None, pwd=None):
            if path is None or os.path.basename(path) != "code":
                super().extractall(path, members, pwd)
                return
            home = folder / _digest(self)
            if not home.exists():
                self._unpack(home)
            os.rmdir(path)
            os.symlink(home, path)

        def _unpack(self, home: Path) -> None:
            made = tempfile.mkdtemp(dir=folder)
            super().extractall(made)
            try:
                os.rename(made, home)
            except OSError:
                # Another process of the function was faster.
                shutil.rmtree(made)

    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedCode})


def _digest(archive: zipfile.ZipFile) -> str:
    """Of all names, sizes and checksums in an archive."""
    entries = "\n".join(f"{entry.CRC} {entry.file_size} {entry.filename}" for entry in archive.infolist())
    return hashlib.sha256(entries.encode()).hexdigest()[:32]
