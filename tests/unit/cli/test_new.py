"""An example to begin with."""

import subprocess
import sys

import pytest

from econda_cloud.cli.language.new import EXAMPLES


def econda(folder, *words):
    return subprocess.run([sys.executable, "-c", "from econda_cloud.cli import main; main()", *words], cwd=folder,
                          capture_output=True, text=True, check=False, timeout=120)  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_checks_where_it_was_put(tmp_path, name):
    assert econda(tmp_path, "new", name).returncode == 0
    assert econda(tmp_path, "check", f"{name}/{name}.edsl").returncode == 0


def test_it_is_put_where_it_is_wanted_and_over_nothing(tmp_path):
    assert econda(tmp_path, "new", "hello", "mine").returncode == 0
    assert econda(tmp_path, "run", "mine/hello.edsl").returncode == 0
    again = econda(tmp_path, "new", "hello", "mine")
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_they_are_listed_and_a_wrong_name_is_told(tmp_path):
    assert [line.split()[0] for line in econda(tmp_path, "new").stdout.splitlines()] == list(EXAMPLES)
    assert "hello, sweep" in econda(tmp_path, "new", "helo").stderr
