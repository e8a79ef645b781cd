"""What workers have fetched takes bounded room: the least recently used goes, and never what is in use."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import subprocess
import sys
import tarfile

import pytest

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.worker.data import cache_room
from econda_cloud.worker.data.cache import Cache
from econda_cloud.worker.data.cache_room import Room

SIZE = 64 * 1024
NAMES = "abcdef"


@pytest.fixture
def blobs():
    store = MemoryBlobs()
    for name in NAMES:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            about = tarfile.TarInfo("file")
            about.size = SIZE
            archive.addfile(about, io.BytesIO(name.encode() * SIZE))
        store.put(name, buffer.getvalue())
    return store


@pytest.fixture
def disk(monkeypatch):
    """A disk with much free space; what it tells can be changed."""
    told = {"total": 10**9, "free": 10**9}

    class Usage:
        def __init__(self):
            self.total, self.free = told["total"], told["free"]

    monkeypatch.setattr(cache_room.shutil, "disk_usage", lambda _: Usage())
    return told


@pytest.fixture
def folder(tmp_path, disk):
    assert disk["free"]
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def chunk(folder, blobs):
    """A user of the folder, as each chunk is one, which opens these archives and is over unless it is to stay."""
    count = iter(range(10**9))

    def use(names, most=None, stays=False, namespace="n"):
        cache = Cache(blobs, folder / namespace, Room(folder, most))
        try:
            for name in names:
                path = cache.opened(name)
                assert (path / "file").read_bytes() == name.encode() * SIZE
                # Clocks of file systems are coarse.
                os.utime(path.parent, ns=(0, next(count)))
        finally:
            if not stays:
                cache.close()
        return cache

    return use


def there(folder, namespace="n"):
    """Names of the archives that are there."""
    digests = {name: hashlib.sha256(name.encode()).hexdigest() for name in NAMES}
    return "".join(name for name in NAMES if (folder / namespace / "opened" / digests[name] / "tree").exists())


def test_the_least_recently_used_goes(folder, chunk):
    most = 3 * SIZE
    for name in "abc":
        chunk(name, most)
    chunk("a", most)
    chunk("d", most)
    assert there(folder) == "acd"
    chunk("e", most)
    assert there(folder) == "ade"
    assert Room(folder).keep_to(SIZE) == 2 * SIZE
    assert there(folder) == "e"


def test_what_is_in_use_stays_however_full_it_is(folder, chunk):
    first = chunk("ab", SIZE, stays=True)
    chunk("cd", SIZE)
    assert "ab" in there(folder)
    assert Room(folder).empty() > 0
    assert there(folder) == "ab"
    first.close()
    assert Room(folder).empty() == 2 * SIZE
    assert there(folder) == ""


def test_namespaces_share_the_room(folder, chunk):
    chunk("ab", namespace="one")
    chunk("cd", namespace="two")
    Room(folder).keep_to(2 * SIZE)
    assert (there(folder, "one"), there(folder, "two")) == ("", "cd")


def test_a_claim_ends_with_its_process(folder, chunk):
    chunk("a")
    entry = next(path for path in (folder / "n" / "opened").iterdir() if path.is_dir())
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; from pathlib import Path; from econda_cloud.worker.data.cache_room import Room\n"
         "claims = Room(Path(sys.argv[1])).claims(); claims.add(Path(sys.argv[2])); print('ready', flush=True); time.sleep(600)",
         str(folder), str(entry)], stdout=subprocess.PIPE)  # fmt: skip
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        assert Room(folder).empty() == 0
        assert there(folder) == "a"
    finally:
        holder.kill()
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()
    assert Room(folder).empty() == SIZE
    assert list((folder / ".claims").iterdir()) == []


def test_a_disk_that_is_nearly_full_leaves_less_room(folder, chunk, disk):
    chunk("abcd")
    disk["free"] = disk["total"] // 10 - 2 * SIZE
    Room(folder).keep_to(10**9)
    assert there(folder) == "cd"


def test_a_full_disk_is_emptied_once_and_the_fetch_tried_again(folder, chunk, monkeypatch):
    chunk("ab")
    fetches, get_file = [], MemoryBlobs.get_file

    def full(self, key, path):
        fetches.append(key)
        if there(folder):
            raise OSError(errno.ENOSPC, "full")
        get_file(self, key, path)

    monkeypatch.setattr(MemoryBlobs, "get_file", full)
    chunk("c")
    assert fetches == ["c", "c"]
    assert there(folder) == "c"
    stays = chunk("c", stays=True)
    with pytest.raises(OSError, match="full"):
        chunk("d")
    stays.close()


def test_what_a_killed_fetch_has_left_goes_too(folder, chunk):
    chunk("a")
    left = folder / "n" / ("f" * 64) / ".fetch-x"
    left.mkdir(parents=True)
    (left / "blob").write_bytes(b"x" * SIZE)
    assert Room(folder).empty() == 2 * SIZE
    assert not left.exists()
    assert [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"] == []


def test_a_process_looks_at_the_whole_only_now_and_then(folder, blobs, monkeypatch):
    looks, keep_to, room = [], Room.keep_to, Room(folder, 40 * SIZE)
    monkeypatch.setattr(Room, "keep_to", lambda self, most: looks.append(most) or keep_to(self, most))
    cache = Cache(blobs, folder / "n", room)
    for name in "abcdef":
        cache.opened(name)
        cache.opened(name)
    cache.close()
    assert looks == [40 * SIZE] * 3


def test_the_room_is_what_the_machine_s_owner_says(folder, chunk, monkeypatch):
    monkeypatch.setenv("ECONDA_CACHE_BYTES", str(2 * SIZE))
    for name in "abcd":
        chunk(name)
    assert there(folder) == "cd"
