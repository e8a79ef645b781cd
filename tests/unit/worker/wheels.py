"""A package index of one's own: tiny wheels in a directory, and a uv that counts how often it is started."""

import base64
import hashlib
import os
import shlex
import zipfile

from econda_cloud.worker.environments.uv import find_uv


def make_wheel(directory, name, version, needs=()):
    """A wheel with the module `name` and the program `say-NAME`."""
    files = {
        f"{name}.py": f"VERSION = {version!r}\ndef main():\n    print(VERSION)\n",
        f"{name}-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + "".join(f"Requires-Dist: {each}\n" for each in needs),
        f"{name}-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}-{version}.dist-info/entry_points.txt": f"[console_scripts]\nsay-{name} = {name}:main\n",
    }
    record = f"{name}-{version}.dist-info/RECORD"
    lines = [f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in files.items()]
    with zipfile.ZipFile(directory / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, record: "".join(lines) + f"{record},,\n"}.items():
            wheel.writestr(path, text)


def _digest(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def local_index(directory, setenv):
    """Let uv know only the wheels in `directory`, and keep its cache there."""
    directory.mkdir()
    for name, value in {"UV_FIND_LINKS": directory, "UV_NO_INDEX": 1, "UV_CACHE_DIR": directory / "cache"}.items():
        setenv(name, str(value))


class CountedUv:
    """A program in place of uv that notes what it was asked for and then is uv."""

    def __init__(self, directory, monkeypatch):
        self.notes, self.path = directory / "uv-runs", directory / "uv"
        self.path.write_text(
            f'#!/bin/sh\necho "$2" >> {shlex.quote(str(self.notes))}\nexec {shlex.quote(find_uv())} "$@"\n'
        )
        os.chmod(self.path, 0o755)
        monkeypatch.setattr("econda_cloud.worker.environments.uv.find_uv", lambda: str(self.path))

    @property
    def runs(self):
        return self.notes.read_text().split() if self.notes.exists() else []
