"""Files that the parameters of an upload may name, and those that they may not."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile

import pytest

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.submission.accept import Content, Refused, accept
from econda_cloud.submission.bundles import zip_files
from econda_cloud.submission.uploads import Upload

SOURCE = b"""edsl 1

pipeline main(data: File = file("a.csv"), all: Dir?) -> (size: Size):
    return size = data.size
"""
FILES = {"main.edsl": SOURCE, "a.csv": b"in the bundle", "d/b.csv": b"deeper", "d/e/c.csv": b"deepest"}


def data_of(given: dict, blobs: MemoryBlobs | None = None, name: str = "data") -> tuple[bytes, dict]:
    """What the run reads, and the value that stands for it."""
    blobs = blobs or MemoryBlobs()
    bundle = zip_files({**FILES, "params.yaml": json.dumps(given).encode()})
    started = accept(Upload("bucket", "uploads/me/folder/p.zip", "v1"), Content(bundle), blobs)
    about = started.params[name]["$artifact"]
    return blobs.get(about["key"]), about


def test_files_of_the_bundle() -> None:
    data, about = data_of({})
    assert (data, about["name"], about["size"]) == (b"in the bundle", "a.csv", 13)
    assert about["key"] == f"artifacts/me/sha256/{hashlib.sha256(data).hexdigest()}"
    assert data_of({"data": "d/e/c.csv"})[0] == b"deepest"
    packed, about = data_of({"all": "d"}, name="all")
    assert about["packed"] == "tar"
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        assert tar.getnames() == ["b.csv", "e", "e/c.csv"]


def test_objects_of_the_namespace() -> None:
    blobs = MemoryBlobs()
    blobs.put("uploads/me/folder/beside.csv", b"beside")
    blobs.put("uploads/me/far.csv", b"far")
    earlier = {"rows": [{"file": {"$artifact": data_of({}, blobs)[1]}}]}
    blobs.put("runs/me/r-1/outputs.json", json.dumps(earlier).encode())
    assert data_of({"data": "beside.csv"}, blobs)[0] == b"beside"
    assert data_of({"data": "uploads/me/far.csv"}, blobs)[0] == b"far"
    assert data_of({"data": "s3://bucket/uploads/me/far.csv"}, blobs)[0] == b"far"
    assert data_of({"data": "run:r-1/rows[0].file"}, blobs)[0] == b"in the bundle"
    assert data_of({"data": {"$artifact": data_of({}, blobs)[1]}}, blobs)[0] == b"in the bundle"


AGAIN = b"""edsl 1

type Row:
    rate: Percent
    wait: Duration = 1s

pipeline main(cost: Money = $1, n: Int = 1, rows: List[Row] = [], first: Percent = 1%, note: String = "") -> (size: Money):
    return size = cost
"""
EARLIER = {
    "cost": 5_000_000, "n": 3, "rows": [{"rate": 0.2, "wait": 5_400_000}], "note": "x",
    "$units": {
        "cost": {"type": "Money", "unit": "micro-dollars", "written": "$5"},
        "rows": {"type": "List[Row]", "written": [{"rate": "20%", "wait": "1.5h"}]},
    },
}  # fmt: skip


def started(given: dict) -> dict:
    blobs = MemoryBlobs()
    blobs.put("runs/me/r-1/outputs.json", json.dumps(EARLIER).encode())
    bundle = zip_files({"main.edsl": AGAIN, "params.yaml": json.dumps(given).encode()})
    return accept(Upload("bucket", "uploads/me/folder/p.zip", "v1"), Content(bundle), blobs).params


def test_what_came_out_of_a_run_goes_into_the_next() -> None:
    given = {"cost": "run:r-1/cost", "n": "run:r-1/n", "rows": "run:r-1/rows", "first": "run:r-1/rows[0].rate"}
    params = started({**given, "note": "run:r-1/note"})
    assert params["cost"] == 5_000_000
    assert (params["n"], params["rows"], params["first"]) == (3, [{"rate": 0.2, "wait": 5_400_000}], 0.2)
    assert params["note"] == "run:r-1/note"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cost": "run:r-1/n"}, 'must be Money (such as $5), not "run:r-1/n": that is 3; write a unit'),
        ({"cost": "run:r-1/rows[0].wait"}, 'that is "1.5h"'),
        ({"n": "run:r-1/cost"}, 'that is "$5"'),
        ({"cost": "run:r-1/no"}, "the run r-1 has no output `no`; it has `cost`, `n`, `rows`, `note`"),
        ({"cost": "run:r-2/cost"}, "no outputs of a run `r-2`"),
    ],
)
def test_an_output_of_another_type_is_refused(given: dict, said: str) -> None:
    with pytest.raises(Refused, match=re.escape(said)):
        started(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("gone.csv", "neither in the bundle nor an object of the bucket (`uploads/me/folder/gone.csv`)"),
        ("d", "`d` is a folder"),
        ("uploads/you/x.csv", "does not belong to the namespace me"),
        ("uploads/me/../you/x.csv", "does not belong to the namespace me"),
        ("../../you/x.csv", "does not belong to the namespace me"),
        ("s3://other/x.csv", "a stack reads its own bucket only"),
        ("https://example.org/x.csv", "a stack fetches nothing from other places"),
        ("run:gone/x", "there are no outputs of a run `gone`"),
        ({"$artifact": {"key": "artifacts/you/sha256/00", "sha256": "00"}}, "is no artifact of the namespace me"),
        ({"$artifact": {"key": "artifacts/me/sha256/00", "sha256": "00"}}, "is not in the store"),
    ],
)
def test_what_may_not_be_read_is_refused(given: object, said: str) -> None:
    blobs = MemoryBlobs()
    blobs.put("uploads/you/x.csv", b"secret")
    with pytest.raises(Refused) as refused:
        data_of({"data": given}, blobs)
    assert said in str(refused.value)
