"""Code that was changed between two uploads: workers that are still warm from the first must not run what they know."""

from __future__ import annotations

import itertools

import pytest

from econda_cloud.submission.bundles import zip_files
from tests.answers.changing import VERSIONS, folders

pytestmark = pytest.mark.emulator


def test_each_upload_gives_what_its_code_says(user):
    known: set[str] = set()
    workers: list[set[int]] = []
    for version, files in zip(VERSIONS, folders(), strict=True):
        user.upload(zip_files({name: text.encode() for name, text in files.items()}), "p.zip")
        run = user._until(lambda: [run for run in user.runs() if run not in known], "another run")[0]
        known.add(run)
        status = user.ended(run)
        assert {name: status["outputs"][name] for name in version.outputs} == version.outputs, status["error"]
        workers.append(set(status["outputs"]["workers"]))
    assert any(earlier & later for earlier, later in itertools.pairwise(workers)), "no worker was warm"
