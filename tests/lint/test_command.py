"""`econda lint` and `econda explain` as they are called."""

import json
import re
from pathlib import Path

from typer.testing import CliRunner

from econda_cloud.cli.commands import app

BAD = 'edsl 1\n\npipeline main(n: Int) -> (out: Int):\n    """M."""\n    twoTimes = n * 2\n    return out = twoTimes\n'


def called(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(args))
    return result.exit_code, result.output


def test_findings_end_with_one_and_none_with_zero(tmp_path: Path) -> None:
    file = tmp_path / "main.edsl"
    file.write_text(BAD)
    code, text = called("lint", "--all", str(tmp_path))
    assert code == 1
    assert "lint[name-style]: `twoTimes` is not snake_case" in text
    assert "1 to be fixed with --fix" in text
    code, text = called("lint", "--fix", str(file))
    assert (code, text.strip()) == (0, "0 findings, 1 fixed")
    assert "two_times = n * 2" in file.read_text()
    assert called("lint", str(file)) == (0, "nothing to say\n")


MANY = """edsl 1

task aTask(n: Int) -> (b: Int):
    needs:
        time = 1min
    run python:
        b = n

task bTask(n: Int) -> (b: Int):
    run shell:
        pip install numpy
        echo 1 > "$OUT/b"

pipeline main(n: Int) -> (out: Int):
    when n > 3:
        a = aTask(n)
    else when n > 2:
        a = bTask(n)
    return out = n
"""


def test_what_is_likely_wrong_comes_first_and_style_last_and_folded(tmp_path: Path) -> None:
    file = tmp_path / "main.edsl"
    file.write_text(MANY)
    code, text = called("lint", str(file))
    assert code == 1
    told = re.findall(r"lint\[([a-z-]+)\]", text)
    assert told[0] == "no-else"
    assert "inline-install" in told
    assert not {"name-style", "missing-doc"} & {*told}
    assert text.index("inline-install") < text.index("style, told one by one with --all:")
    assert f"  3 x missing-doc: a task or pipeline without a doc, first at {file}:3\n" in text
    assert f"  2 x name-style: a name in another style, first at {file}:3\n" in text
    every = called("lint", "--all", str(file))[1]
    last = re.findall(r"lint\[([a-z-]+)\]", every)
    assert sorted(last[-5:]) == ["missing-doc"] * 3 + ["name-style"] * 2
    assert last[:-5] == told
    assert text.splitlines()[-1] == every.splitlines()[-1]
    found = json.loads(called("lint", "--json", str(file))[1])
    assert len(found) == len(last)
    assert [each["line"] for each in found] == sorted(each["line"] for each in found)


def test_json_has_places_and_errors_too(tmp_path: Path) -> None:
    file = tmp_path / "main.edsl"
    file.write_text(BAD)
    code, text = called("lint", "--json", str(file))
    (found,) = json.loads(text)
    assert code == 1
    assert (found["code"], found["line"], found["column"], found["end_column"]) == ("name-style", 5, 5, 13)
    assert found["fixable"] is True
    file.write_text(BAD.replace("n * 2", "m * 2"))
    (found,) = json.loads(called("lint", "--json", "--fix", str(file))[1])
    assert (found["kind"], found["code"]) == ("error", "E0201")


def test_a_file_that_cannot_be_read_ends_with_two(tmp_path: Path) -> None:
    code, text = called("lint", str(tmp_path / "none.edsl"))
    assert code == 2
    assert "cannot read" in text


def test_explain_knows_lints() -> None:
    code, text = called("explain", "no-else")
    assert code == 0
    assert text.startswith("# no-else: ")
    assert "no-else  cases without an `else`" in called("explain")[1]
    code, text = called("explain", "no-esle")
    assert code == 2
    assert "did you mean `no-else`?" in text
