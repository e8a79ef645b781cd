"""The README's commands, typed one after another in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.emulator

README = Path(__file__).parents[3] / "README.md"


def commands() -> list[str]:
    """Every line of the blocks under "Use it", without its comment."""
    section = README.read_text().split("## Use it\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^```\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\s+# .*", "", line).strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_they_work_as_written(tmp_path: Path) -> None:
    found = commands()
    assert len(found) > 15
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ECONDA_", "AWS_"))}
    environment["ECONDA_HOME"] = str(tmp_path / "home")
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    folder = tmp_path / "empty"
    folder.mkdir()
    typed = "\n".join(f"echo '$ '{_quoted(line)}\n{line} || {{ echo \"FAILED: $?\"; exit 9; }}" for line in found)
    try:
        done = subprocess.run(["bash", "-c", typed], cwd=folder, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=240, check=False)  # fmt: skip
    finally:
        subprocess.run(
            ["bash", "-c", "econda local down"], cwd=folder, env=environment, capture_output=True, check=False
        )
    assert done.returncode == 0, done.stdout
    assert (folder / "results" / "loss.json").exists()
    assert (folder / "from-the-stack").is_dir()
    assert "12 succeeded" in done.stdout


def _quoted(line: str) -> str:
    return "'" + line.replace("'", "'\\''") + "'"
