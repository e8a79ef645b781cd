"""Every snippet of docs/python.md is emitted and compiles; the first one runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.importing.conftest import econda  # noqa: F401 - a fixture

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_a_snippet_is_emitted_and_compiles(econda, tmp_path: Path, number: int) -> None:  # noqa: F811
    (tmp_path / "measures.py").write_text("def mean_of(values):\n    return sum(values) / len(values)\n")
    (tmp_path / "snippet.py").write_text(SNIPPETS[number])
    done = econda("emit", "snippet.py")
    assert done.returncode == 0, done.stderr


def test_the_first_snippet_runs_and_its_error_is_that_of_the_page(econda, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "sweep.py").write_text(SNIPPETS[0])
    assert econda("emit", "sweep.py").stderr == "wrote sweep.edsl\n"
    ran = econda("run", "sweep.edsl", "-p", "steps=50", "--json")
    assert json.loads(ran.stdout)["outputs"]["summary"] == "best of 3"
    wrong = SNIPPETS[0].replace("    check(", "    if steps:\n        pass\n    check(")
    (tmp_path / "sweep.py").write_text(wrong)
    [shown] = re.findall(r"^error: sweep.py.*$", PAGE, re.MULTILINE)
    assert econda("emit", "sweep.py").stderr == shown + "\n"
