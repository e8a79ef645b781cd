"""Uploaded bundles: a .zip with one pipeline file, code files and perhaps `params.yaml`."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from dataclasses import dataclass, field

from econda_edsl.parameters.files import BadParams, read_params
from econda_edsl.parameters.given import Given

FILES_MOST = 1_000
BYTES_MOST = 64 * 1024 * 1024
RATIO_MOST = 200
_SMALL = 1024 * 1024
PARAMS = ("params.yaml", "params.yml", "params.toml", "params.json")


class BundleError(Exception):
    """A bundle that cannot be used; the message says what, where, why and what to do."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """`files` are the code files by path, without the pipeline and the parameters."""

    source_path: str
    source: bytes
    files: dict[str, bytes] = field(default_factory=dict)
    params: dict[str, Given] = field(default_factory=dict)


def read_bundle(data: bytes) -> Bundle:
    """Read a .zip from memory. Raises `BundleError`; nothing is written to disk."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            contents = _contents(archive)
    except zipfile.BadZipFile as error:
        raise BundleError(f"the upload is not a .zip file ({error}); pack the pipeline again and upload it") from error
    except (NotImplementedError, zlib.error, EOFError, OSError, ValueError) as error:
        raise BundleError(
            f"the .zip cannot be read ({error}); pack it again with plain deflate and upload it"
        ) from error
    path = _pipeline_of(contents)
    source = contents.pop(path)
    params: dict[str, Given] = {}
    for name in PARAMS:
        if name in contents:
            try:
                params = read_params(contents.pop(name), name)
            except BadParams as error:
                raise BundleError(str(error)) from error
            break
    return Bundle(path, source, contents, params)


def _contents(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [info for info in archive.infolist() if not info.is_dir() and not _is_noise(info.filename)]
    if len(entries) > FILES_MOST:
        raise BundleError(
            f"the .zip has {len(entries):,} files, the limit is {FILES_MOST:,}; leave out what no task uses"
        )
    contents: dict[str, bytes] = {}
    folded: dict[str, str] = {}
    left = BYTES_MOST
    for info in entries:
        _check_entry(info)
        other = folded.setdefault(info.filename.casefold(), info.filename)
        if info.filename in contents or other != info.filename:
            raise BundleError(
                f"the .zip has `{info.filename}` and `{other}`, which are one file on some systems; rename one"
            )
        contents[info.filename] = _read(archive, info, left)
        left -= len(contents[info.filename])
    return contents


def _is_noise(name: str) -> bool:
    """What file managers add on their own."""
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] in (".DS_Store", "Thumbs.db")


def _check_entry(info: zipfile.ZipInfo) -> None:
    name, shown = info.orig_filename, f"`{info.filename[:120]!s}`"
    if not name.isprintable() or len(name) > 400:
        raise BundleError(f"the .zip entry {ascii(name)[:120]} has a name that is not usable; rename it")
    parts = name.split("/")
    if "\\" in name or name.startswith("/") or ":" in parts[0] or any(part in ("..", ".", "") for part in parts):
        raise BundleError(
            f"the .zip entry {shown} leaves the bundle or is not a plain relative path; pack with plain paths"
        )
    if info.flag_bits & 0x1:
        raise BundleError(f"the .zip entry {shown} is encrypted; pack it without a password")
    mode = info.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise BundleError(f"the .zip entry {shown} is a link or device, not a file; pack the file itself")
    if info.file_size > _SMALL and info.file_size > RATIO_MOST * max(1, info.compress_size):
        raise BundleError(f"the .zip entry {shown} expands more than {RATIO_MOST} times; it is refused as a zip bomb")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> bytes:
    """Count while reading: the sizes an archive states may be lies."""
    with archive.open(info) as stream:
        data = stream.read(left + 1)
    if len(data) > left:
        limit = BYTES_MOST // 2**20
        raise BundleError(f"the .zip expands to more than {limit} MiB; keep data out of the bundle and leave only code")
    return data


def _pipeline_of(contents: dict[str, bytes]) -> str:
    top = sorted(name for name in contents if name.endswith(".edsl") and "/" not in name)
    for preferred in ("pipeline.edsl", "main.edsl"):
        if preferred in top:
            return preferred
    if len(top) == 1:
        return top[0]
    if top:
        raise BundleError(
            f"the .zip has {len(top)} .edsl files at its top ({', '.join(top[:5])}); call one `pipeline.edsl`"
        )
    inner = next((name for name in sorted(contents) if name.endswith(".edsl")), None)
    found = f"; `{inner}` lies in a folder, pack the folder's contents" if inner else "; add the pipeline file"
    raise BundleError(f"the .zip has no .edsl file at its top{found}")
