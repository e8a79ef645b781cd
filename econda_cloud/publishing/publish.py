"""Outputs copied to a place of the user's, under the names that `econda get` gives them. Copying again writes them over."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.publishing.outputs import MADE, NotWritten, is_file, suffixed, write_outputs
from econda_cloud.wire.keys import is_artifact_key
from econda_cloud.wire.parts import part_of


class Place(Protocol):
    """Where files are put under relative names with slashes; what is there under a name is written over.

    Raises what the world raises.
    """

    def where(self, name: str) -> str:
        """How a user would name what lies under a name."""
        ...

    def put(self, name: str, path: Path) -> None: ...

    def copy(self, key: str, name: str) -> None:
        """Put a blob of the store there, as it is. Raises `KeyError` if it is gone."""
        ...


def publish(outputs: Mapping[str, Any], blobs: BlobStore, place: Place, namespace: str) -> dict[str, str]:
    """Copy outputs of a run of a namespace; where each is. Large files need no room here.

    Raises `NotWritten` for a file that is gone, damaged or none of the namespace's, and what the place raises.
    """
    files: dict[str, str] = {}
    for output, value in outputs.items():
        for about in _files(value):
            if not is_artifact_key(str(about.get("key", "")), namespace):
                # A task says what its outputs are; whoever copies them may read more than it may.
                raise NotWritten(f"{output} names a file that is none of the namespace {namespace}")
        if is_file(value) and part_of(str(value["$artifact"]["key"])) is None:
            name = suffixed(output, value["$artifact"])
            try:
                place.copy(str(value["$artifact"]["key"]), name)
            except KeyError:
                raise NotWritten(f"{output} is gone from the store; run again what made it") from None
        else:
            name = _laid_out(output, value, blobs, place)
        files[output] = place.where(name)
    return files


def _laid_out(output: str, value: Any, blobs: BlobStore, place: Place) -> str:
    """Put there what becomes one or many files here; the name of the first, or of the folder."""
    with tempfile.TemporaryDirectory(prefix="publishing-") as folder:
        made = write_outputs({output: value}, blobs, Path(folder))[output]
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and path != Path(folder) / MADE:
                place.put(path.relative_to(folder).as_posix(), path)
        return f"{made.name}/" if made.is_dir() else made.name


def _files(value: Any) -> Iterator[dict[str, Any]]:
    """What is told of each file in a value."""
    if isinstance(value, dict):
        if isinstance(about := value.get("$artifact"), dict):
            yield about
        else:
            for each in value.values():
                yield from _files(each)
    elif isinstance(value, list):
        for each in value:
            yield from _files(each)
