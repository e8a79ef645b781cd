"""CWL documents, checked and normalised by cwl-utils; only files of the folder are read, and nothing from a network."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from econda_edsl.importing.documents import read_json, read_yaml
from econda_edsl.importing.report import NotImported


def load(data: bytes, path: str, part: str | None = None) -> Any:
    """A tool or workflow; of a packed document `part`, its `#name`, by default `#main`. Raises `NotImported` for what is not valid CWL, and where cwl-utils is not installed."""
    try:
        from cwl_utils.errors import WorkflowException
        from cwl_utils.parser import load_document_by_yaml
        from schema_salad.exceptions import SchemaSaladException
        from schema_salad.fetcher import Fetcher
        from schema_salad.runtime import LoadingOptions
    except ImportError as error:
        raise NotImported(f"{path}: reading CWL needs cwl-utils; install econda-cloud[import]") from error

    folder = Path(path).resolve().parent

    class Beside(Fetcher):
        """Reads files of the folder and below."""

        def fetch_text(self, url: str, content_types: list[str] | None = None) -> str:  # noqa: ARG002
            return beside(url, folder, path).read_text("utf-8")

        def check_exists(self, url: str) -> bool:  # noqa: ARG002
            return True

        def urljoin(self, base_url: str, url: str) -> str:
            return urljoin(base_url, url)

    raw = _read(data, path)
    if not isinstance(raw, dict):
        raise NotImported(f"{path}: not a CWL document; it is an object with `cwlVersion` and `class`")
    uri = Path(path).resolve().as_uri()
    try:
        return load_document_by_yaml(raw, uri, LoadingOptions(fetcher=Beside(), fileuri=uri), id_=part)
    except (SchemaSaladException, WorkflowException) as error:
        raise NotImported(f"{path}: not valid CWL: {str(error).strip()[:1500]}") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotImported(f"{path}: not usable CWL: {error}; correct it") from error


def _read(data: bytes, path: str) -> Any:
    """JSON, which is read faster, or YAML, which may begin with a brace too."""
    if data.lstrip().startswith(b"{"):
        with contextlib.suppress(NotImported):
            return read_json(data, path)
    return read_yaml(data, path)


def beside(url: str, folder: Path, path: str) -> Path:
    """The file of a reference. Raises `NotImported` for what lies elsewhere."""
    parts = urlsplit(url)
    file = Path(unquote(parts.path)).resolve()
    if parts.scheme not in ("", "file") or not file.is_relative_to(folder):
        raise NotImported(f"{path}: {url} lies outside of its folder and is not read; put a copy beside it")
    if not file.is_file():
        raise NotImported(f"{path}: there is no file {file.name} in its folder, which it refers to; put it there")
    return file


def short(id_: str | None) -> str:
    """The last part of an identifier."""
    address, mark, fragment = (id_ or "").partition("#")
    return fragment.rpartition("/")[2] if mark else Path(unquote(urlsplit(address).path)).stem
