"""Files and folders as CWL describes them (CWL 1.2, File and Directory), and back as paths."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

LONGEST = 64 * 1024
"""`loadContents` reads so many bytes at most; a longer file is an error."""


def described(value: Any) -> Any:
    """A value of an input: paths become File and Directory objects."""
    if isinstance(value, os.PathLike):
        path = Path(value)
        return directory(path) if path.is_dir() else file(path)
    if isinstance(value, (list, tuple)):
        return [described(each) for each in value]
    if isinstance(value, dict):
        return {key: described(each) for key, each in value.items()}
    return value


def file(path: Path) -> dict[str, Any]:
    path = Path(os.path.abspath(path))
    return {**_named(path, "File"), "size": path.stat().st_size, "nameroot": _root(path.name), "nameext": path.name[len(_root(path.name)) :]}  # fmt: skip


def directory(path: Path) -> dict[str, Any]:
    return _named(Path(os.path.abspath(path)), "Directory")


def _named(path: Path, kind: str) -> dict[str, Any]:
    return {"class": kind, "location": path.as_uri(), "path": str(path), "basename": path.name, "dirname": str(path.parent)}  # fmt: skip


def _root(name: str) -> str:
    dot = name.rfind(".")
    return name if dot <= 0 else name[:dot]


def is_file(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class") in ("File", "Directory")


def changed(value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """A value with each File and Directory changed."""
    if is_file(value):
        return change(value)
    if isinstance(value, list):
        return [changed(each, change) for each in value]
    if isinstance(value, dict):
        return {key: changed(each, change) for key, each in value.items()}
    return value


def with_contents(about: dict[str, Any]) -> dict[str, Any]:
    if about["class"] != "File":
        return about
    data = Path(about["path"]).read_bytes() if "path" in about else about.get("contents", "").encode()
    if len(data) > LONGEST:
        raise SystemExit(f"{about.get('basename')} has {len(data):,} bytes; contents are loaded up to {LONGEST:,}")
    return {**about, "contents": data.decode("utf-8")}


def with_listing(about: dict[str, Any], how: str | None) -> dict[str, Any]:
    if about["class"] != "Directory" or how in (None, "no_listing"):
        return about
    members = [described(each) for each in sorted(Path(about["path"]).iterdir())]
    deep = "deep_listing" if how == "deep_listing" else None
    return {**about, "listing": [with_listing(each, deep) for each in members]}


def place(about: dict[str, Any], target: Path) -> None:
    """Put a file or a folder somewhere: a copy, so that whoever changes it changes nobody else's."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source = path_of(about)
    if about["class"] == "Directory":
        if source is not None:
            shutil.copytree(source, target, dirs_exist_ok=True)
        target.mkdir(exist_ok=True)
        for each in about.get("listing") or []:
            if source is None:
                place(each, target / name_of(each))
    elif source is not None:
        shutil.copyfile(source, target)
    else:
        target.write_text(about["contents"])


def name_of(about: dict[str, Any]) -> str:
    source = path_of(about)
    return about.get("basename") or (source.name if source is not None else "literal")


def path_of(about: dict[str, Any]) -> Path | None:
    """Where a file lies; None for one that is only described."""
    found = about.get("path") or about.get("location")
    if found is None or (found.startswith("_:") and "contents" in about):
        return None
    return Path(unquote(found.removeprefix("file://")) if found.startswith("file://") else found)


def given_back(value: Any) -> Any:
    """A value of an output: File and Directory objects become paths."""
    if is_file(value):
        source = path_of(value)
        if source is None:
            source = Path("literals") / str(len(list(Path().glob("literals/*")))) / name_of(value)
            place(value, source)
        elif value.get("basename") not in (None, source.name):
            renamed = Path("renamed") / str(len(list(Path().glob("renamed/*")))) / value["basename"]
            place({"class": value["class"], "path": str(source)}, renamed)
            source = renamed
        return source
    if isinstance(value, list):
        return [given_back(each) for each in value]
    return {key: given_back(each) for key, each in value.items()} if isinstance(value, dict) else value
