"""What tests of importers share: the recordings, the command, and what every import must be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.formatting.source import format_source
from econda_edsl.importing.report import Imported
from econda_edsl.plan import Plan
from econda_edsl.writing.source import source_text

from tests.shared import DATA

PROGRAM = [sys.executable, "-c", "from econda_cloud.cli import main; main()"]


@pytest.fixture(scope="session")
def recordings() -> Path:
    folder = DATA / "wfinstances"
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder}; point ECONDA_DATA at a folder with wfinstances/")
    return folder


@pytest.fixture
def econda(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def call(*args: str | Path, timeout: float = 100) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "ECONDA_HOME": str(tmp_path / "home")}
        return subprocess.run(
            [*PROGRAM, *map(str, args)], capture_output=True, text=True, env=environment, cwd=tmp_path, check=False, timeout=timeout
        )  # fmt: skip

    return call


def written(found: Imported) -> tuple[str, Plan]:
    """The text, in the one style, and the plan that it compiles to."""
    text = source_text(found.program)
    assert format_source(text).text == text
    compiled = compile_source(text, files=found.files)
    assert compiled.plan is not None, compiled.render()
    return text, compiled.plan


def gap(found: Imported, word: str) -> str:
    """The one gap that speaks of something."""
    [said] = [str(each) for each in found.gaps if word in str(each)]
    return said
