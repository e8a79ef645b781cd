"""Archives: the same bytes from the same inputs, and all that a handler needs in them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import econda_infra
import pytest
from econda_infra.packaging import KINDS, Archive, PackagingFailed, Target, archives, dependencies, zips

HERE = Target(python=f"{sys.version_info.major}.{sys.version_info.minor}", platform=None)
RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3")
"""What AWS's runtime brings of which an archive makes use."""

ADAPTERS = (
    "batch_events",
    "dynamodb_log",
    "gateway",
    "lambda_pool",
    "s3_blobs",
    "scheduling",
    "sqs_queue",
    "team",
    "timers",
)
IMPORTED = {
    "submit": ("econda_functions.submit", "econda_adapters.aws.uploads"),
    "schedule": (
        "econda_functions.schedule",
        "econda_functions.batch_changed",
        *(f"econda_adapters.aws.{name}" for name in ADAPTERS),
    ),
    "gateway": ("econda_functions.gateway", "econda_adapters.aws.gateway", "econda_adapters.aws.team", "jwt"),
    "work": ("econda_functions.work", "econda_functions.job", "econda_cloud.worker.work"),
}
"""What is run from each archive, and what that imports only once it has something to do."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Archive]:
    return archives(HERE, tmp_path_factory.mktemp("first"))


def test_the_same_inputs_give_the_same_bytes_anywhere(made: dict[str, Archive], tmp_path: Path) -> None:
    again = archives(HERE, tmp_path)
    for kind in KINDS:
        one, other = made[kind].path, again[kind].path
        assert one != other
        assert hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest()


def test_a_second_time_nothing_is_made(made: dict[str, Archive]) -> None:
    before = {kind: archive.path.stat().st_ino for kind, archive in made.items()}
    again = archives(HERE, made["work"].path.parent.parent)
    assert {kind: archive.path.stat().st_ino for kind, archive in again.items()} == before


def test_archives_that_nobody_asks_for_any_more_are_forgotten(
    made: dict[str, Archive], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "functions"
    shutil.copytree(made["work"].path.parent, folder)
    for age, name in ((8, "work-old.zip"), (6, "work-young.zip")):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (time.time() - age * 86_400,) * 2)
    archives(HERE, tmp_path)
    assert (folder / "work-old.zip").exists()  # looked at only when there is something new
    monkeypatch.setattr(zips, "sources", lambda: {"econda_functions/work.py": b""})
    archives(HERE, tmp_path)
    assert not (folder / "work-old.zip").exists()
    assert (folder / "work-young.zip").exists()


def test_changed_sources_give_another_archive(made: dict[str, Archive], monkeypatch: pytest.MonkeyPatch) -> None:
    cache = made["work"].path.parent.parent
    changed = {**zips.sources(), "econda_functions/work.py": b"changed"}
    monkeypatch.setattr(zips, "sources", lambda: changed)
    # The packages are those of before, so uv is not needed again.
    monkeypatch.setattr(zips, "installed", None)
    other = archives(HERE, cache)["work"]
    assert other.digest != made["work"].digest
    assert zipfile.ZipFile(other.path).read("econda_functions/work.py") == b"changed"


def test_nothing_is_left_in_the_cache_but_archives(made: dict[str, Archive]) -> None:
    assert {path.suffix for path in made["work"].path.parent.iterdir()} == {".zip", ".base"}


def test_archives_hold_what_runs_in_the_cloud_and_no_more(made: dict[str, Archive]) -> None:
    for kind in KINDS:
        names = zipfile.ZipFile(made[kind].path).namelist()
        assert {
            "econda_edsl/compiler/parse/grammar.lark",
            "econda_functions/work.py",
            "econda_adapters/aws/stack.py",
        } <= set(names)
        assert len(set(names)) == len(names)
        unwanted = ("econda_cloud/cli/", "econda_adapters/embedded/", "boto3/", "botocore/", "bin/", "tests/")
        assert not [name for name in names if name.startswith(unwanted) or "__pycache__" in name]
    assert made["work"].path.stat().st_size < made["schedule"].path.stat().st_size < made["submit"].path.stat().st_size


def test_entries_have_the_same_time_and_rights(made: dict[str, Archive]) -> None:
    entries = zipfile.ZipFile(made["work"].path).infolist()
    assert {(entry.date_time, entry.external_attr >> 16) for entry in entries} == {((1980, 1, 1, 0, 0, 0), 0o644)}


@pytest.mark.parametrize("kind", KINDS)
def test_handlers_import_with_their_archive_and_boto3_alone(
    made: dict[str, Archive], kind: str, tmp_path: Path
) -> None:
    code, runtime = tmp_path / "code", tmp_path / "runtime"
    zipfile.ZipFile(made[kind].path).extractall(code)
    runtime.mkdir()
    for name in RUNTIME:
        origin = __import__(name).__file__
        assert origin is not None
        (runtime / name).symlink_to(Path(origin).parent)
    program = f"import sys; sys.path[:0] = {[str(code), str(runtime)]!r}\n"
    program += "".join(f"import {name}\n" for name in IMPORTED[kind])
    program += "assert 'lark' not in sys.modules\n" if kind == "work" else ""
    # -S: without this environment's packages.
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_packages_for_aws_are_those_of_its_platform(tmp_path: Path) -> None:
    archive = archives(Target(python="3.13"), tmp_path)["work"]
    compiled = [name for name in zipfile.ZipFile(archive.path).namelist() if name.endswith(".so")]
    assert any("cpython-313-x86_64-linux-gnu" in name for name in compiled)


def test_pins_that_cannot_be_installed_say_so(tmp_path: Path) -> None:
    pins = tmp_path / "wrong.txt"
    pins.write_text("six==1.17.0 --hash=sha256:" + "0" * 64 + "\n")
    with (
        pytest.raises(PackagingFailed, match=r"wrong\.txt cannot be installed for Python 3\.11(?s:.*)Hash mismatch"),
        dependencies.installed(pins, "3.11", None, tmp_path),
    ):
        pass
    assert list(tmp_path.iterdir()) == [pins]


def test_pins_name_no_index_and_have_hashes() -> None:
    for kind in KINDS:
        text = dependencies.pins(kind).read_text()
        assert "--index-url" not in text
        assert "boto3==" not in text
        assert text.count("==") <= text.count("--hash=sha256:")


def test_the_image_of_jobs_copies_what_there_is() -> None:
    root = Path(econda_infra.__path__[0]).parents[1]
    lines = (root / "functions" / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY ")]
    assert all((root / source).exists() for source in copied)
    assert {Path(source).name for source in copied} >= {"econda_edsl", "econda_cloud", "econda_functions"}
    assert not any("adapters" in source for source in copied), "a job speaks to the gateway, and to no cloud"
    assert "boto3==" in (root / "functions" / "requirements-job.txt").read_text()
