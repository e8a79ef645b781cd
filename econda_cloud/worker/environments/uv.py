"""uv, which resolves and installs Python packages, as a process; what it says is shown without credentials."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from econda_edsl.plan import FailureKind

from econda_cloud.worker.processes.host_pool import run_alone
from econda_cloud.worker.processes.limits import Limits
from econda_cloud.worker.processes.shell import Run, run_command

_SHOWN = 1_500
# Up to the last `@` before the path: a password may hold one.
_CREDENTIALS = re.compile(r"(?<=://)[^\s/]*@")
_ERROR = re.compile(r"^\s*(error:|×)", re.MULTILINE)
_QUIET = {"NO_COLOR": "1", "UV_NO_PROGRESS": "1"}
_DRAWING = " \t×│├╰─▶…"


class UvFailed(Exception):
    """uv could not do it, or was stopped; the message is for the user."""

    def __init__(self, message: str, failure: FailureKind = "failed") -> None:
        super().__init__(message)
        self.failure: FailureKind = failure


def find_uv() -> str:
    """The program: that of the Python package `uv`, else the one on the PATH. Raises `UvFailed`."""
    try:
        from uv import find_uv_bin

        return os.fsdecode(find_uv_bin())
    except (ImportError, FileNotFoundError):
        pass
    found = shutil.which("uv")
    if found is None:
        raise UvFailed("uv, which installs `packages`, is not here: `pip install uv` brings it")
    return found


def without_credentials(text: str) -> str:
    """The text with `***` for user and password in every URL."""
    return _CREDENTIALS.sub("***@", text)


def last_words(text: str) -> str:
    """Why uv failed, in one line: its error and the causes it gives."""
    errors = [found.start() for found in _ERROR.finditer(text)]
    lines = (line.strip(_DRAWING) for line in text[errors[-1] if errors else 0 :].splitlines())
    return " ".join(line.removeprefix("error: ") for line in lines if line)[:_SHOWN]


@dataclass(frozen=True)
class Uv:
    """How uv is run: with this environment, within these limits, in `directory`, saying what it says in `log`, by `runs`."""

    environment: Mapping[str, str]
    limits: Limits
    log: Path
    directory: Path
    runs: Run = run_alone

    def run(self, *arguments: str) -> None:
        """Run to the end. Raises `UvFailed`."""
        said = self.directory / ".uv.log"
        said.write_bytes(b"")
        command = [find_uv(), *arguments]
        environment = {**self._home(), **self.environment, **_QUIET}
        answer = run_command(self.runs, command, environment, self.directory, said, self.limits)
        text = without_credentials(said.read_text("utf-8", "replace"))
        with self.log.open("a", encoding="utf-8") as log:
            log.write(text)
        if "failure" in answer:
            stopped = answer["failure"] != "failed"
            raise UvFailed(answer["message"] if stopped else last_words(text) or answer["message"], answer["failure"])

    def _home(self) -> dict[str, str]:
        """Where uv keeps its cache when the user's home cannot be written, as in a function."""
        if os.access(os.path.expanduser("~"), os.W_OK):
            return {}
        return {"UV_CACHE_DIR": str(self.directory / ".uv-cache")}
