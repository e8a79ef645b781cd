"""Directories as tar files."""

import fcntl
import os
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

from econda_cloud.worker.data.cache import Cache
from econda_cloud.worker.data.packing import pack, unpack


def test_the_same_files_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "x").write_text("x")
        os.utime(tmp_path / name / "deep" / "x", (len(name), ord(name)))
        pack(tmp_path / name, tmp_path / f"{name}.tar")
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_a_tar_that_ends_with_a_zip_is_a_tar(tmp_path):
    (tmp_path / "tree").mkdir()
    with zipfile.ZipFile(tmp_path / "tree" / "arrays.npz", "w") as archive:
        archive.writestr("inner", "x")
    pack(tmp_path / "tree", tmp_path / "tree.tar")
    assert zipfile.is_zipfile(tmp_path / "tree.tar")
    unpack(tmp_path / "tree.tar", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["arrays.npz"]
    unpack(tmp_path / "tree" / "arrays.npz", tmp_path / "zip")
    assert (tmp_path / "zip" / "inner").read_text() == "x"


def test_who_want_the_same_archive_fetch_it_once(tmp_path, blobs, monkeypatch):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "x").write_text("x")
    pack(tmp_path / "tree", tmp_path / "tree.tar")
    blobs.put_file("archive", tmp_path / "tree.tar")
    get, fetched = blobs.get_file, []

    asked, lock = threading.Semaphore(0), fcntl.flock

    def locked(file, how):
        asked.release()
        lock(file, how)

    def slow(key, path):
        """Goes on when all four have asked for the lock."""
        fetched.append(key)
        assert all(asked.acquire(timeout=60) for _ in range(4))
        get(key, path)

    monkeypatch.setattr("econda_cloud.worker.data.cache.fcntl.flock", locked)

    monkeypatch.setattr(blobs, "get_file", slow)
    with ThreadPoolExecutor(4) as threads:
        found = set(threads.map(lambda _: Cache(blobs, tmp_path / "cache").opened("archive"), range(4)))
    assert [path.name for path in found.pop().iterdir()] == ["x"]
    assert (found, fetched) == (set(), ["archive"])
