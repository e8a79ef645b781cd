"""What every blob store must do, whatever it is kept in."""

from __future__ import annotations

import pytest
from econda_adapters.embedded.directory_blobs import DirectoryBlobs

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import Conflict


@pytest.fixture(params=["memory", "directory"])
def blobs(request, tmp_path):
    return MemoryBlobs() if request.param == "memory" else DirectoryBlobs(tmp_path / "blobs")


def test_what_was_put_comes_back(blobs):
    assert not blobs.exists("a/b c+d.json")
    blobs.put("a/b c+d.json", b"\x00one")
    blobs.put("a/b c+d.json", b"two")
    assert blobs.exists("a/b c+d.json")
    assert blobs.get("a/b c+d.json") == b"two"


def test_files_go_in_and_out(blobs, tmp_path):
    (tmp_path / "in").write_bytes(b"x" * 100_000)
    blobs.put_file("f", tmp_path / "in")
    blobs.get_file("f", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"x" * 100_000


def test_a_missing_blob_is_a_key_error(blobs, tmp_path):
    with pytest.raises(KeyError, match="nothing"):
        blobs.get("nothing")
    with pytest.raises(KeyError, match="nothing"):
        blobs.get_file("nothing", tmp_path / "out")
    with pytest.raises(KeyError, match="nothing"):
        blobs.tagged("nothing")


def test_a_copy_has_the_same_bytes(blobs):
    blobs.put("a/source", b"bytes")
    blobs.copy("a/source", "b/target")
    assert blobs.get("b/target") == b"bytes"
    with pytest.raises(KeyError, match="nothing"):
        blobs.copy("nothing", "c")


def test_a_part_is_read_as_a_blob_of_its_own(blobs, tmp_path):
    blobs.put("artifacts/n/pack", b"0123456789")
    for key, data in (("artifacts/n/pack#2+3", b"234"), ("artifacts/n/pack#9+1", b"9"), ("artifacts/n/pack#4+0", b"")):
        assert blobs.exists(key)
        assert blobs.get(key) == data
        blobs.get_file(key, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == data
        blobs.copy(key, "target")
        assert blobs.get("target") == data
    assert not blobs.exists("artifacts/n/none#0+1")
    for read in (blobs.get, lambda key: blobs.get_file(key, tmp_path / "out"), lambda key: blobs.copy(key, "t")):
        with pytest.raises(KeyError, match="none"):
            read("artifacts/n/none#0+1")


def test_only_what_tasks_make_has_parts(blobs):
    blobs.put("uploads/a#1+2", b"whole")
    assert blobs.get("uploads/a#1+2") == b"whole"


def test_deleting_twice_is_no_error(blobs):
    blobs.put("k", b"")
    blobs.delete("k")
    blobs.delete("k")
    assert not blobs.exists("k")


def test_what_is_renewed_is_as_it_was(blobs):
    assert not blobs.renew("none")
    blobs.put("k", b"1")
    assert blobs.renew("k")
    assert blobs.get("k") == b"1"
    assert not blobs.exists("none")


def test_what_is_purged_is_gone_and_only_that(blobs):
    for key in ("a/k", "a/k.2", "a/k3"):
        blobs.put(key, b"1")
        blobs.put(key, b"2")
    blobs.purge("a/k")
    blobs.purge("a/k")
    assert not blobs.exists("a/k")
    assert blobs.get("a/k.2") == blobs.get("a/k3") == b"2"
    blobs.put("a/k", b"3")
    assert blobs.get("a/k") == b"3"


def test_a_conditional_write_loses_to_any_other_write(blobs):
    tag = blobs.put_if("k", b"1", None)
    assert blobs.tagged("k") == (b"1", tag)
    with pytest.raises(Conflict):
        blobs.put_if("k", b"again", None)
    newer = blobs.put_if("k", b"2", tag)
    with pytest.raises(Conflict):
        blobs.put_if("k", b"late", tag)
    assert blobs.get("k") == b"2"
    blobs.delete("k")
    with pytest.raises(Conflict):
        blobs.put_if("k", b"3", newer)
