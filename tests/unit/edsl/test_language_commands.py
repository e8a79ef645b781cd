"""The commands on the text of pipelines, as a user meets them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from econda_cloud.cli.commands import app

UGLY = "edsl 1\nlet a=1 # why\n"
NEAT = "edsl 1\n\nlet a = 1  # why\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.edsl"
    path.write_text(UGLY)
    return path


def econda(*args: str, stdin: str | None = None):
    return CliRunner().invoke(app, list(args), input=stdin)


def test_fmt_writes_once(file: Path) -> None:
    assert econda("fmt", str(file)).exit_code == 0
    assert file.read_text() == NEAT
    assert econda("fmt", str(file), "--check").exit_code == 0
    assert econda("fmt", str(file)).stderr == ""


def test_fmt_check_and_diff_write_nothing(file: Path) -> None:
    checked, differing = econda("fmt", "--check", str(file)), econda("fmt", "--diff", str(file))
    assert checked.exit_code == differing.exit_code == 1
    assert "would change" in checked.stderr
    assert "-let a=1 # why\n+\n+let a = 1  # why\n" in differing.stdout
    assert file.read_text() == UGLY


def test_fmt_reads_standard_input() -> None:
    result = econda("fmt", "-", stdin=UGLY)
    assert (result.exit_code, result.stdout) == (0, NEAT)


def test_fmt_leaves_what_does_not_parse_and_formats_the_rest(file: Path) -> None:
    bad = file.with_name("b.edsl")
    bad.write_text("edsl 1\nlet a = (\n")
    result = econda("fmt", str(bad), str(file))
    assert result.exit_code == 3
    assert "error[E0104]" in result.stderr
    assert bad.read_text() == "edsl 1\nlet a = (\n"
    assert file.read_text() == NEAT
    assert econda("fmt", str(file.with_name("none.edsl"))).exit_code == 2


def test_explain_shows_a_page_or_lists_them() -> None:
    assert econda("explain", "e0401").stdout.startswith("# E0401: a cycle\n")
    listed = econda("explain").stdout.splitlines()
    assert len(listed) > 50
    assert "E0401  a cycle" in listed
    unknown = econda("explain", "E0441")
    assert unknown.exit_code == 2
    assert "did you mean" in unknown.stderr
