"""Outputs of a run as files and folders that people open: one for each output, named after it.

Text is a `.txt`, any other value a `.json`; a file keeps the suffix it was made with. Files inside of lists and records
lie in a folder `<output>.files` beside the JSON, which names them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.worker.data.packing import sha256, unpack

MADE = ".econda-outputs.json"
"""In a folder of outputs: the names in it that econda has written, and may write again."""

KEY_MOST = 40
"""Characters of a key in the name of a file."""


class NotWritten(Exception):
    """An output that could not be written; the message says which, and why."""


def sizes_of(value: Any) -> int:
    """Bytes of all files in a value."""
    if is_artifact(value):
        return int(value["$artifact"].get("size", 0))
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(sizes_of, inner))


def small_ones(outputs: Mapping[str, Any], most: int) -> dict[str, Any]:
    """Outputs whose files have at most so many bytes together, the smallest first taken; in their own order."""
    taken, total = set[str](), 0
    for name, size in sorted(((name, sizes_of(value)) for name, value in outputs.items()), key=lambda each: each[1]):
        total += size
        if total <= most:
            taken.add(name)
    return {name: value for name, value in outputs.items() if name in taken}


def write_outputs(
    outputs: Mapping[str, Any], blobs: BlobStore, folder: Path, made_ms: int | None = None
) -> dict[str, Path]:
    """Write them into a folder, which is made; where each is. What econda wrote there before is written over.

    made_ms: when they were made, in ms since the epoch, which becomes the time of all files and folders; by default, now.

    Raises `NotWritten` for what is in the way, for a file that is gone from the store or damaged, and for a disk or folder that
    cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mine, written = _made(folder), dict[str, Path]()
        for name, value in outputs.items():
            written[name] = _write(name, value, blobs, folder, mine, made_ms)
        return written
    except OSError as error:
        raise NotWritten(f"{error.filename or folder}: {error.strerror or error}") from error


def _made(folder: Path) -> set[str]:
    try:
        return set(json.loads((folder / MADE).read_text()))
    except (OSError, ValueError, TypeError):
        return set()


def _write(name: str, value: Any, blobs: BlobStore, folder: Path, mine: set[str], made_ms: int | None) -> Path:
    # It appears under its name when it is whole; a dead process leaves a folder that begins with a dot.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as temporary:
        new = Path(temporary) / name
        if is_artifact(value):
            made = [fetch_artifact(value["$artifact"], blobs, new.with_name(suffixed(name, value["$artifact"])))]
        elif isinstance(value, str):
            made = [new.with_name(f"{name}.txt")]
            made[0].write_text(value + "\n", "utf-8")
        else:
            beside = new.with_name(f"{name}.files")
            plain = _with_files(value, name, blobs, beside)
            made = [new.with_name(f"{name}.json"), *([beside] if beside.exists() else [])]
            made[0].write_text(json.dumps(plain, ensure_ascii=False, indent=2) + "\n", "utf-8")
        for each in made:
            _date(each, made_ms)
            _put(each, folder / each.name, mine)
        return folder / made[0].name


def _date(path: Path, made_ms: int | None) -> None:
    """Give one time to a file, or a folder with all that is in it: archives tell none."""
    at = time.time_ns() if made_ms is None else made_ms * 1_000_000
    for each in (*(path.rglob("*") if path.is_dir() else ()), path):
        os.utime(each, ns=(at, at), follow_symlinks=False)


def _put(new: Path, target: Path, mine: set[str]) -> None:
    there = target.is_symlink() or target.exists()
    if there and target.name not in mine:
        raise NotWritten(
            f"{target} is there already, and econda did not write it; move it away, or name another folder"
        )
    if there and target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    elif there and new.is_dir():
        target.unlink()
    os.replace(new, target)
    if target.name not in mine:
        mine.add(target.name)
        (target.parent / MADE).write_text(json.dumps(sorted(mine)))


def is_artifact(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("$artifact"), dict)


def is_file(value: Any) -> bool:
    """Whether an output is one file and no folder."""
    return is_artifact(value) and not _is_folder(value["$artifact"])


def _is_folder(about: Mapping[str, Any]) -> bool:
    return about.get("packed") == "tar" or about.get("kind") == "Dir"


def suffixed(name: str, about: Mapping[str, Any]) -> str:
    """What an output that is a file is called: its own name, with the suffix that the file was made with."""
    if _is_folder(about):
        return name
    suffixes = PurePath(str(about.get("name", ""))).suffixes
    return name + "".join(each for each in suffixes[-2:] if len(each) <= 12 and "/" not in each)


def _free(folder: Path, name: str) -> Path:
    """A place for another file: keys that differ may be the same as names."""
    target, number = folder / name, 1
    while target.exists():
        number += 1
        target = folder / f"{number}.{name}"
    return target


def _with_files(value: Any, path: str, blobs: BlobStore, beside: Path) -> Any:
    """The value with, in place of each file, where it lies in the folder."""
    if is_artifact(value):
        about = value["$artifact"]
        beside.mkdir(exist_ok=True)
        target = _free(beside, suffixed(path, about))
        fetch_artifact(about, blobs, target)
        return f"{beside.name}/{target.name}"
    if isinstance(value, list):
        return [_with_files(each, f"{path}.{at}", blobs, beside) for at, each in enumerate(value)]
    if isinstance(value, dict):
        safe = {key: str(key).replace("/", "_").lstrip(".")[:KEY_MOST] for key in value}
        return {key: _with_files(each, f"{path}.{safe[key]}", blobs, beside) for key, each in value.items()}
    return value


def fetch_artifact(about: Mapping[str, Any], blobs: BlobStore, target: Path) -> Path:
    """A copy that is the user's own: changing it changes nothing that econda keeps."""
    packed = _is_folder(about)
    got = target.with_name(f".{target.name}.tar") if packed else target
    try:
        _copy(blobs, str(about["key"]), got)
    except KeyError:
        raise NotWritten(f"{target.name} is gone from the store ({about['key']}); run again what made it") from None
    if about.get("sha256") and sha256(got) != about["sha256"]:
        raise NotWritten(f"{target.name} is damaged in the store ({about['key']}); run again what made it")
    if packed:
        unpack(got, target)
        got.unlink()
    else:
        got.chmod(0o755 if about.get("executable") else 0o644)
    return target


def _copy(blobs: BlobStore, key: str, target: Path) -> None:
    """Where the file system can, as a copy that takes no room before one of the two is changed."""
    whole = getattr(blobs, "path", None)
    if whole is not None and (source := whole(key)).is_file():
        with contextlib.suppress(OSError, AttributeError), source.open("rb") as old, target.open("wb") as new:
            left = os.fstat(old.fileno()).st_size
            while left > 0 and (done := os.copy_file_range(old.fileno(), new.fileno(), left)):
                left -= done
            if left == 0:
                return
    blobs.get_file(key, target)
