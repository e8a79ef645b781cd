"""Files given as parameters: put by content into the namespace's part of a store, for the tasks of a run to read."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from econda_edsl.compiler.check.bundled_files import inside, matching
from econda_edsl.parameters.given import NotBrought

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.submission.uploads import PREFIX, Upload
from econda_cloud.wire.keys import RUNS, UNITS, is_artifact_key, run_prefix
from econda_cloud.worker.data.artifacts import keep_in, store
from econda_cloud.worker.data.packing import CannotKeep

_OUTPUT = re.compile(r"run:([^/]+)/(.+)")
_STEP = re.compile(r"\.?([^.\[\]]+)\]?|\[")


class BundleData:
    """Puts what lies in a bundle into a store."""

    def __init__(self, blobs: BlobStore, namespace: str, files: Mapping[str, bytes]) -> None:
        self.blobs, self.namespace, self.files = blobs, namespace, files

    def matching(self, pattern: str) -> Sequence[str]:
        return matching(pattern, self.files)

    def bundled(self, path: str, kind: str) -> dict[str, Any]:
        """Raises `NotBrought`."""
        names = [path] if path in self.files else inside(path, self.files)
        if not names:
            raise NotBrought(f"there is no `{path}` in the bundle")
        check_kind(path, kind, folder=path not in self.files)
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                target = Path(folder) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self.files[name])
            return self.keep(Path(folder) / path, kind)

    def output(self, text: str) -> Any:
        """Raises `NotBrought`."""
        raise NotBrought(f"`{text[:120]}` is an output of a run, which can be given to `econda run` and in an upload")

    def stored(self, artifact: dict[str, Any], kind: str) -> dict[str, Any]:
        """Raises `NotBrought` for what is not in the store, or is another namespace's."""
        about = artifact["$artifact"]
        key = str(about["key"])
        if not is_artifact_key(key, self.namespace):
            raise NotBrought(
                f"`{key[:120]}` is no artifact of the namespace {self.namespace}; write `run:RUN/output` to take one of another place"
            )
        check_kind(str(about.get("name") or key), kind, folder=about.get("packed") == "tar")
        if not self.blobs.exists(key):
            raise NotBrought(f"the artifact `{key[:120]}` is not in the store, or is gone")
        return {"$artifact": {**about, "kind": kind}}

    def keep(self, path: Path, kind: str) -> dict[str, Any]:
        """A file or folder of this machine, stored once by its content. Raises `NotBrought`, `OSError`."""
        with tempfile.TemporaryDirectory() as scratch:
            try:
                return store(keep_in(self.blobs, self.namespace), path, kind, Path(scratch))
            except CannotKeep as error:
                raise NotBrought(f"{path}: {error}") from None


class UploadData(BundleData):
    """What the parameters of an upload may name: files of its bundle, objects of its namespace, outputs of its runs."""

    def __init__(self, blobs: BlobStore, namespace: str, files: Mapping[str, bytes], upload: Upload) -> None:
        super().__init__(blobs, namespace, files)
        self._upload = upload

    def named(self, text: str, kind: str, base: str) -> dict[str, Any]:
        """Raises `NotBrought`."""
        del base
        if match := _OUTPUT.fullmatch(text):
            return self.stored(output_at(self._outputs(match[1]), match[2], match[1]), kind)
        if re.match(r"https?://", text):
            raise NotBrought(
                "a stack fetches nothing from other places; put it into the bucket, or use `econda submit`"
            )
        path = text.removeprefix("./").rstrip("/")
        if path in self.files or (not text.startswith("s3://") and inside(path, self.files)):
            return self.bundled(path, kind)
        return self._object(self._key(text), kind)

    def _key(self, text: str) -> str:
        bucket = f"s3://{self._upload.bucket}/"
        if text.startswith("s3://") and not text.startswith(bucket):
            raise NotBrought(f"a stack reads its own bucket only; put it into {bucket}{PREFIX}{self.namespace}/")
        key = text.removeprefix(bucket)
        if not text.startswith(bucket) and not key.startswith((PREFIX, RUNS)):
            key = f"{self._upload.key.rpartition('/')[0]}/{key}"
        own = key.startswith((f"{PREFIX}{self.namespace}/", f"{RUNS}{self.namespace}/"))
        if not own or ".." in key.split("/"):
            raise NotBrought(f"`{key[:120]}` does not belong to the namespace {self.namespace}")
        return key

    def _object(self, key: str, kind: str) -> dict[str, Any]:
        check_kind(key, kind, folder=False)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / (key.rpartition("/")[2] or "data")
            try:
                self.blobs.get_file(key, file)
            except KeyError:
                raise NotBrought(f"it is neither in the bundle nor an object of the bucket (`{key[:120]}`)") from None
            except OSError as error:
                raise NotBrought(
                    f"`{key[:120]}` is too large to be taken in here ({error}); use `econda submit`"
                ) from None
            return self.keep(file, kind)

    def output(self, text: str) -> Any:
        """Raises `NotBrought`."""
        if (match := _OUTPUT.fullmatch(text)) is None:
            raise NotBrought("write `run:RUN/output`")
        return value_at(self._outputs(match[1]), match[2], match[1])

    def _outputs(self, run: str) -> dict[str, Any]:
        """With quantities as they are written."""
        try:
            outputs = msgspec.json.decode(self.blobs.get(f"{run_prefix(self.namespace, run)}/outputs.json"))
        except KeyError:
            raise NotBrought(f"there are no outputs of a run `{run}` in the namespace {self.namespace}") from None
        return with_units(outputs, outputs.pop(UNITS, {}))


def output_named(text: str) -> tuple[str, str] | None:
    """Run and output of `run:RUN/output`."""
    match = _OUTPUT.fullmatch(text)
    return None if match is None else (match[1], match[2])


def with_units(outputs: Mapping[str, Any], units: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs as parameters are written: what `units_of` says of quantities in place of bare numbers."""
    return {name: units[name]["written"] if name in units else value for name, value in outputs.items()}


def output_at(outputs: Mapping[str, Any], path: str, run: str) -> dict[str, Any]:
    """The artifact at a place in a run's outputs, such as `rows[0].file`. Raises `NotBrought`."""
    value = value_at(outputs, path, run)
    if not (isinstance(value, dict) and isinstance(value.get("$artifact"), dict)):
        raise NotBrought(f"the output `{path}` of {run} is no file")
    return value


def value_at(outputs: Mapping[str, Any], path: str, run: str) -> Any:
    """What is at a place in a run's outputs, such as `rows[0].rate`. Raises `NotBrought`."""
    value: Any = outputs
    for step in (found[1] for found in _STEP.finditer(path) if found[1]):
        if isinstance(value, Mapping) and step in value and "$artifact" not in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            has = ", ".join(f"`{name}`" for name in list(outputs)[:8])
            raise NotBrought(f"the run {run} has no output `{path}`; {f'it has {has}' if has else 'it has none'}")
    return value


def check_kind(name: str, kind: str, *, folder: bool) -> None:
    """Raises `NotBrought` for a folder where a file is declared, or the other way round."""
    if folder and kind in ("File", "Table", "Metrics"):
        raise NotBrought(f"`{name[:120]}` is a folder; declare `Dir`, or name a file in it")
    if not folder and kind == "Dir":
        raise NotBrought(f"`{name[:120]}` is a file; declare `File`, or name a folder")
