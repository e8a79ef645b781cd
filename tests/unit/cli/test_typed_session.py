"""The session of the README goes as it is shown there."""

from pathlib import Path

from tests.session import drawing, typed


def test_run_failure_logs_mending_resume(tmp_path: Path) -> None:
    check, run, show, logs, mend, resumed, got = typed(tmp_path)
    assert [each.code for each in (check, run, show, logs, mend, resumed, got)] == [0, 1, 0, 0, 0, 0, 0]
    assert "ValueError: diverged at rate 0.4" in run.text
    assert 'File "train.edsl", line 12' in run.text
    assert "econda run train.edsl --resume" in run.text.splitlines()[-1]
    assert "failed: 1" in show.text
    assert "rate 0.4" in logs.text
    assert "rate 0.1" not in logs.text
    assert "1 reused" in resumed.text
    assert got.text.splitlines()[-1] == "1.8766666666666667"
    picture = drawing([run]).replace("&#160;", " ")
    assert "econda run train.edsl --resume" in picture
    assert "http" not in picture.replace("http://www.w3.org/", "").replace("https://www.textualize.io", "")
