"""Code that was changed between two runs of `econda run`, with the size and the time of before."""

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from econda_cloud.cli.commands import app
from tests.answers.changing import VERSIONS, folders


@pytest.mark.parametrize("resumed", [False, True], ids=["run", "resume"])
def test_each_run_gives_what_its_code_says(tmp_path, monkeypatch, resumed):
    monkeypatch.setenv("ECONDA_HOME", str(tmp_path / "home"))
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for version, files in zip(VERSIONS, folders(), strict=True):
        shutil.rmtree("kit", ignore_errors=True)
        for name, text in files.items():
            Path(name).parent.mkdir(exist_ok=True, parents=True)
            Path(name).write_text(text)
            os.utime(name, (1_000_000_000, 1_000_000_000))
        done = CliRunner().invoke(app, ["run", "p.edsl", "--json", *(["--resume"] if resumed else [])])
        outputs = json.loads(done.stdout)["outputs"]
        assert {name: outputs[name] for name in version.outputs} == version.outputs
