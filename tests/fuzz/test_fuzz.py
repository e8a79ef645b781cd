"""A short run of the fuzzer, always the same; `make fuzz SECONDS=600` runs longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.fuzz import target

ROOT = Path(__file__).parents[2]
RUNS = 800
GOOD = b"edsl 1\n\npipeline main(n: Int) -> (out: Int):\n    return out = n + 1\n"


def test_nothing_breaks_in_a_short_run(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.run",
        "--seconds",
        "10",
        "--runs",
        str(RUNS),
        "--crashes",
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert f"Done {RUNS} runs" in done.stderr, done.stderr[-4000:]
    assert not list(tmp_path.iterdir())


def test_what_does_not_go_together_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    target.holds(GOOD)
    target.holds(b"edsl 1\n\nlet x = (\xff")
    once = iter(["edsl 1\n", "edsl 1\n\n"])
    monkeypatch.setattr(target, "format_source", lambda _: SimpleNamespace(text=next(once)))
    with pytest.raises(AssertionError):
        target.holds(GOOD)
