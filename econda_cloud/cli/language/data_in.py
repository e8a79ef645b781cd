"""Files that the command line takes as parameters: paths, `s3://…`, `https://…`, outputs of runs."""

from __future__ import annotations

import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from econda_adapters.aws.clients import Clients
from econda_edsl.compiler.check.bundled_files import inside
from econda_edsl.parameters.given import NotBrought

from econda_cloud.cli.language.parameters import IN_BUNDLE
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.submission.data_in import BundleData, check_kind, output_at, output_named, value_at, with_units

WAIT_S = 60
"""Seconds without a byte after which an address is given up."""

SHOWN_MOST = 200
"""Characters of a path in a message."""


class CommandData(BundleData):
    """Puts what a command names into a store; with `look`, it only finds out what can be found out without moving it."""

    def __init__(
        self,
        blobs: BlobStore,
        namespace: str,
        files: Mapping[str, bytes],
        *,
        clients: Clients | None = None,
        look: bool,
    ) -> None:
        super().__init__(blobs, namespace, files)
        self._clients, self._look = clients or Clients(), look

    def bundled(self, path: str, kind: str) -> dict[str, Any]:
        if self._look and (path in self.files or inside(path, self.files)):
            check_kind(path, kind, folder=path not in self.files)
            return _seen(path, kind)
        return super().bundled(path, kind)

    def named(self, text: str, kind: str, base: str) -> dict[str, Any]:
        """Raises `NotBrought`."""
        if text.startswith("s3://"):
            return self._from_s3(text, kind)
        if text.startswith(("https://", "http://")):
            return self._from_web(text, kind)
        if (output := output_named(text)) is not None:
            return self._from_run(*output, kind)
        if base == IN_BUNDLE and not text.startswith(("/", "~")):
            return self.bundled(text.removeprefix("./").rstrip("/"), kind)
        path = _at_home(Path(base, text))
        try:
            return self._from_here(path, text, kind)
        except OSError as error:
            raise NotBrought(f"{str(path)[:SHOWN_MOST]} cannot be read: {error.strerror or error}") from None

    def _from_here(self, path: Path, text: str, kind: str) -> dict[str, Any]:
        """A file or folder of this machine. Raises `OSError`, `NotBrought`."""
        if not path.exists():
            raise NotBrought(f"there is no file or folder {path}" + _absolute(path))
        check_kind(str(path), kind, folder=path.is_dir())
        if not path.is_dir() and not path.is_file():
            raise NotBrought(f"{path} is neither a file nor a folder")
        return _seen(text, kind) if self._look and _readable(path) else self.keep(path.resolve(), kind)

    def _from_run(self, run: str, path: str, kind: str) -> dict[str, Any]:
        from econda_cloud.cli.runs.finding import find_run

        found = find_run(run, None)
        state = found.state()
        artifact = output_at(state.outcome.outputs if state.outcome else {}, path, found.run)
        about = artifact["$artifact"]
        check_kind(str(about.get("name")), kind, folder=about.get("packed") == "tar")
        if found.store.blobs is self.blobs or self._look:
            return {"$artifact": {**about, "kind": kind}}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "data"
            try:
                found.store.blobs.get_file(str(about["key"]), file)
            except KeyError:
                raise NotBrought(f"the output `{path}` of {found.run} is gone from {found.store.name}") from None
            kept = self.keep(file, kind)["$artifact"]
        return {"$artifact": {**about, "kind": kind, "key": kept["key"], "sha256": kept["sha256"]}}

    def output(self, text: str) -> Any:
        """Raises `NotBrought`."""
        from econda_edsl.parameters.texts import output_units

        from econda_cloud.cli.runs.finding import find_run

        if (asked := output_named(text)) is None:
            raise NotBrought("write `run:RUN/output`")
        found = find_run(asked[0], None)
        outcome = found.state().outcome
        outputs = outcome.outputs if outcome else {}
        units = output_units(found.plan, outputs) if found.plan is not None else {}
        return value_at(with_units(outputs, units), asked[1], found.run)

    def _from_s3(self, text: str, kind: str) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, _, key = text.removeprefix("s3://").partition("/")
        if not bucket or not key:
            raise NotBrought("write s3://BUCKET/KEY")
        try:
            return self._folder(bucket, key, kind) if kind == "Dir" else self._object(bucket, key, kind)
        except (ClientError, BotoCoreError) as error:
            raise NotBrought(f"{text} cannot be read: {error}") from None

    def _object(self, bucket: str, key: str, kind: str) -> dict[str, Any]:
        s3 = self._clients("s3")
        if self._look:
            s3.head_object(Bucket=bucket, Key=key)
            return _seen(f"s3://{bucket}/{key}", kind)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / key.rpartition("/")[2]
            s3.download_file(bucket, key, str(file))
            return self.keep(file, kind)

    def _folder(self, bucket: str, key: str, kind: str) -> dict[str, Any]:
        prefix = key.rstrip("/") + "/"
        pages = self._clients("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", []) if not each["Key"].endswith("/")]
        if not keys:
            raise NotBrought(f"there is nothing under s3://{bucket}/{prefix}")
        if self._look:
            return _seen(f"s3://{bucket}/{prefix}", kind)
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / prefix.rstrip("/").rpartition("/")[2]
            for each in keys:
                target = root / each.removeprefix(prefix)
                if not target.resolve().is_relative_to(root.resolve()):
                    raise NotBrought(f"s3://{bucket}/{each} has a name that leaves its folder")
                target.parent.mkdir(parents=True, exist_ok=True)
                self._clients("s3").download_file(bucket, each, str(target))
            return self.keep(root, kind)

    def _from_web(self, text: str, kind: str) -> dict[str, Any]:
        check_kind(text, kind, folder=False)
        if self._look:
            return _seen(text, kind)
        name = unquote(urlsplit(text).path).rpartition("/")[2] or "data"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / name
            try:
                with urllib.request.urlopen(text, timeout=WAIT_S) as answer, file.open("wb") as out:
                    shutil.copyfileobj(answer, out)
            except (OSError, ValueError, urllib.error.URLError) as error:
                raise NotBrought(f"it cannot be fetched: {error}") from None
            return self.keep(file, kind)


def _at_home(path: Path) -> Path:
    """Without `~` and `~user` at its start, as a shell reads it: where there is no such user, it is a name like others."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _seen(text: str, kind: str) -> dict[str, Any]:
    """What stands for a file that is there and was not moved."""
    return {"$artifact": {"kind": kind, "from": text}}


def _readable(path: Path) -> bool:
    """Raises `OSError`."""
    if path.is_dir():
        next(path.iterdir(), None)
    else:
        path.open("rb").close()
    return True


def _absolute(path: Path) -> str:
    return "" if path.is_absolute() else f" in {Path.cwd()}"
