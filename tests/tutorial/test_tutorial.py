"""Everything docs/tutorial.md shows is done: files are written, commands typed, answers compared.

Set ECONDA_UPDATE_CORPUS=1 to write the answers anew, then read the difference.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from econda_edsl.formatting.source import format_source
from typer.testing import CliRunner

from econda_cloud.cli.commands import app
from tests.tutorial.page import PATH, Step, Typed, Written, read, same

PAGE = PATH.read_text()
STEPS = read(PAGE)
UPDATE = os.environ.get("ECONDA_UPDATE_CORPUS") == "1"
# Lines of progress on standard error come when a run is slow, and the page says that they are left out.
_PROGRESS = re.compile(r"^\S+ started\n|^\S+: \d+ of \d+ known; .*\n", re.MULTILINE)
_NEW: dict[tuple[int, int], str] = {}
_TIME = r"\d+\.\d+ s"
_CHANGING = re.compile(
    r"(?<=-)[0-9a-f]{8}\b|(?<=sha256:)[0-9a-f]{64}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|"
    rf"{_TIME}(?: – {_TIME})?|(?<=, by )\S+|(?<=  outputs: )\S+"
)


def typed(command: str) -> tuple[int, str]:
    """Exit code and output of `[NAME=VALUE …] econda …` in the current folder."""
    words = shlex.split(command)
    variables = {}
    while "=" in words[0]:
        name, _, variables[name] = words.pop(0).partition("=")
    assert words.pop(0) == "econda", command
    result = CliRunner().invoke(app, words, env={"COLUMNS": "100", **variables})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, _PROGRESS.sub("", result.output)


def test_there_are_ten_steps() -> None:
    assert [step.number for step in STEPS] == list(range(1, 11))
    for step in STEPS:
        assert any(isinstance(b, Written) for b in step.blocks), step.title
        assert any(isinstance(b, Typed) for b in step.blocks), step.title


@pytest.mark.parametrize("step", STEPS, ids=lambda s: f"{s.number}")
def test_a_step_does_what_it_shows(step: Step, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECONDA_HOME", str(tmp_path / "home"))
    folder = tmp_path / "step"
    folder.mkdir()
    monkeypatch.chdir(folder)
    marks: dict[str, str] = {}
    answers: list[tuple[Typed, str]] = []
    for block in step.blocks:
        if isinstance(block, Written):
            Path(block.name).write_text(block.text)
            marks[block.name] = block.mark
            if block.name.endswith(".edsl") and not block.mark:
                assert format_source(block.text).text == block.text, f"{block.name} is not in the one style"
        else:
            code, output = typed(block.command)
            assert (code != 0) == block.fails, f"$ {block.command}\nends with {code}\n{output}"
            answers.append((block, output))
    for name, mark in marks.items():
        if name.endswith(".edsl"):
            code, output = typed(f"econda check {name}")
            assert code == (3 if mark == "wrong" else 0), output
    if UPDATE:
        assert "PYTEST_XDIST_WORKER" not in os.environ, "each process would write the page as it read it: use one"
        _rewrite(answers)
    for block, output in answers:
        assert UPDATE or same(block.answer, output), f"$ {block.command}\n{output}"


def _rewrite(answers: list[tuple[Typed, str]]) -> None:
    for block, output in answers:
        if not same(block.answer, output):
            _NEW[block.place] = _CHANGING.sub("…", output).rstrip() + "\n" if output.strip() else ""
    page = PAGE
    for (start, end), answer in sorted(_NEW.items(), reverse=True):
        page = page[:start] + answer + page[end:]
    PATH.write_text(page)


def test_answers_that_differ_are_noticed() -> None:
    assert same("ok: … tasks\nend\n", "ok: 3 tasks\nend\n")
    assert not same("ok: … tasks\n", "ok: 3\ntasks\n")
    assert not same("", "unexpected\n")
    with pytest.raises(ValueError, match="what is to be done"):
        read("## 1. One\n\n```bash\nls\n```\n")
    with pytest.raises(ValueError, match="begins with"):
        read("## 1. One\n\n```console\necho\n```\n")
