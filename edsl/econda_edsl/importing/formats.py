"""Which format a file has, and who reads it. Readers are loaded when they are asked for."""

from __future__ import annotations

import json
import re

from econda_edsl.importing.report import Imported, NotImported

FORMATS = ("asl", "cwl", "airflow", "wfformat", "nextflow-trace")


def import_file(
    data: bytes, path: str, format: str | None = None, *, scale: float = 0.001, part: str | None = None
) -> Imported:
    """Read a workflow of another system; `format` is one of `FORMATS`, or found from the content.

    `scale` is for recordings: seconds slept per second recorded. `part` is for packed CWL: the name of what is imported. Raises `NotImported`, and `OSError` for files that
    a CWL document refers to.
    """
    match format or detect(data, path):
        case "wfformat":
            from econda_edsl.importing.recordings.wfformat import import_wfformat

            return import_wfformat(data, path, scale=scale)
        case "nextflow-trace":
            from econda_edsl.importing.recordings.nextflow_trace import import_trace

            return import_trace(data, path, scale=scale)
        case "asl":
            from econda_edsl.importing.states.workflow import import_asl

            return import_asl(data, path)
        case "airflow":
            from econda_edsl.importing.airflow.workflow import import_airflow

            return import_airflow(data, path)
        case "cwl":
            from econda_edsl.importing.cwl.workflow import import_cwl

            return import_cwl(data, path, part)
        case other:
            raise NotImported(f"`{other}` is no format; it is one of {', '.join(FORMATS)}")


def detect(data: bytes, path: str) -> str:
    """The format, by content. Raises `NotImported` if it is none that is known."""
    text = data[:200_000].decode("utf-8-sig", "replace")
    found = _of_json(data, text) or _of_text(text)
    if found is None:
        raise NotImported(
            f"{path}: not recognised as any of {', '.join(FORMATS)}; if it is one of them, say which with --from"
        )
    return found


def _of_json(data: bytes, text: str) -> str | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        # The reader says what is wrong; here only which reader that is.
        marks = {"asl": '"StartAt"', "cwl": '"cwlVersion"', "wfformat": '"workflow"'}
        return next((format for format, mark in marks.items() if mark in text), None)
    if "StartAt" in document or "States" in document:
        return "asl"
    if "cwlVersion" in document:
        return "cwl"
    return "wfformat" if "workflow" in document else None


def _of_text(text: str) -> str | None:
    first = text.partition("\n")[0].split("\t")
    if "status" in first and {"name", "process"} & set(first):
        return "nextflow-trace"
    if re.search(r"^cwlVersion\s*:", text, re.MULTILINE):
        return "cwl"
    return "airflow" if re.search(r"^\s*(from|import)\s+airflow\b", text, re.MULTILINE) else None
