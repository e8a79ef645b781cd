"""What a worker may read and write: what its chunk's document names, and what is its own."""

import base64
import hashlib
from pathlib import Path

import msgspec
import pytest
from econda_edsl.plan import Connector, Operator

from econda_cloud.wire.chunk import Build, StateField, WorkItem
from econda_cloud.wire.keys import artifact_key, checkpoint_key, checkpoint_slots, live_log_prefix, state_prefix
from tests.unit.gateway.standing import chunk_of

DATA = b"some bytes"
DIGEST = hashlib.sha256(DATA).hexdigest()
KEY = artifact_key("n", DIGEST)


def artifact(key=KEY, digest=DIGEST):
    return {"$artifact": {"kind": "File", "name": "x", "sha256": digest, "size": len(DATA), "key": key}}


def with_inputs(*artifacts, **more):
    return chunk_of(WorkItem(instance="p/a", attempt=1, args={"x": list(artifacts)}), **more)


def links(worker, *reads, writes=()):
    wanted = [{"key": key, "sha256": digest, "size": size} for key, digest, size in writes]
    return worker.ask("/v1/links", reads=list(reads), writes=wanted)


def test_an_input_is_read_at_an_address(stand, peer):
    stand.blobs.put(KEY, DATA)
    worker = peer(with_inputs(artifact()))
    status, answer = links(worker, KEY)
    assert status == 200
    response = worker.get(answer["reads"][KEY])
    assert response.status == 200
    assert response.body.read_bytes() == DATA
    response.body.unlink()
    assert answer["reads"][KEY]["until_ms"] == stand.now + 900_000


def test_an_address_ends(stand, peer):
    stand.blobs.put(KEY, DATA)
    worker = peer(with_inputs(artifact()))
    link = links(worker, KEY)[1]["reads"][KEY]
    stand.now += 900_000
    assert worker.get(link).status == 401


def test_an_address_is_good_for_nothing_else(stand, peer):
    stand.blobs.put(KEY, DATA)
    stand.blobs.put("secret", b"x")
    worker = peer(with_inputs(artifact()))
    link = links(worker, KEY)[1]["reads"][KEY]
    before = stand.blobs.asked
    assert worker.put(link, b"other").status == 403
    moved = {**link, "url": link["url"].replace(KEY, "secret")}
    assert worker.get(moved).status == 403
    assert stand.blobs.asked == before
    assert stand.blobs.get(KEY) == DATA


def test_what_is_gone_is_said_to_be(peer):
    worker = peer(with_inputs(artifact()))
    response = worker.get(links(worker, KEY)[1]["reads"][KEY])
    assert (response.status, b"run again what made it" in response.body) == (404, True)


FOREIGN = [
    "runs/n/r/plan.json", "runs/n/r/status.json", "runs/n/r/chunks/r.1.json", "runs/n/other/bundle.tar",
    "uploads/n/x.edsl", "stack/pools.json", "snapshots/broker/team", "messages/x.json", "cache/n/results/x.json",
    "environments/n/" + "a" * 64 + ".tar", artifact_key("n", "b" * 64), artifact_key("m", DIGEST), "", "/", "..",
    "artifacts/n/sha256/../../../secret", checkpoint_key("n", "r", "p/a"), state_prefix("n", "t", "") + "/current.json",
]  # fmt: skip


@pytest.mark.parametrize("key", FOREIGN)
def test_what_the_document_does_not_name_is_neither_read_nor_written(key, stand, peer):
    worker = peer()
    before = stand.blobs.asked
    for status, answer in (
        links(worker, key),
        worker.ask("/v1/read", key=key),
        links(worker, writes=[(key, DIGEST, 3)]),
        worker.ask("/v1/write", key=key, data=""),
        worker.ask("/v1/uploaded", key=key, upload="u", tags=[]),
    ):
        assert status == 403, answer
        assert answer["what_to_do"]
    assert stand.blobs.asked == before


@pytest.mark.parametrize("key", ["uploads/finance/payroll.yaml", "artifacts/m/sha256/x", "runs/m/r/bundle.tar",
                                 "artifacts/n/../m/x", "environments/m/x.tar"])  # fmt: skip
def test_a_document_of_a_forged_value_opens_no_other_namespace(key, peer):
    assert links(peer(with_inputs(artifact(key))), key)[0] == 403


def test_code_and_packages_of_the_chunk_are_read(peer):
    archive = "environments/n/" + "a" * 64 + ".tar"
    chunk = msgspec.structs.replace(chunk_of(), bundle="runs/n/before/bundle.tar", archive=archive)
    assert links(peer(chunk), chunk.bundle, archive)[0] == 200
    foreign = msgspec.structs.replace(
        chunk, id="r.2", bundle="runs/m/r/bundle.tar", archive=archive.replace("/n/", "/m/")
    )
    worker = peer(foreign)
    assert links(worker, foreign.bundle)[0] == 403
    assert links(worker, foreign.archive)[0] == 403


def test_a_file_is_stored_under_its_own_hash_and_nothing_else(stand, peer):
    worker = peer()
    _, answer = links(worker, writes=[(KEY, DIGEST, len(DATA))])
    [link] = answer["writes"][KEY]["parts"]
    for forged in (b"x" * len(DATA), DATA + b"x", b""):
        assert worker.put(link, forged).status in (413, 422)
        assert not stand.blobs.exists(KEY)
    assert worker.put(link, DATA).status == 200
    assert stand.blobs.get(KEY) == DATA
    assert links(worker, writes=[(KEY, "b" * 64, 3)])[0] == 403
    assert worker.ask("/v1/exists", keys=[KEY, artifact_key("n", "c" * 64)])[1] == {"keys": [KEY]}


def test_a_file_may_come_from_disk(stand, peer, tmp_path: Path):
    worker, file = peer(), tmp_path / "large"
    file.write_bytes(DATA)
    [link] = links(worker, writes=[(KEY, DIGEST, len(DATA))])[1]["writes"][KEY]["parts"]
    assert worker.put(link, file).status == 200
    assert stand.blobs.get(KEY) == DATA


def test_a_checkpoint_is_that_of_the_chunk_s_own_instances(peer):
    worker = peer(chunk_of(checkpoint_ms=1_000))
    own = checkpoint_key("n", "r", "p/a")
    assert own.startswith("work/n/r/")
    for key in (own, *checkpoint_slots(own)):
        assert links(worker, key, writes=[(key, DIGEST, 3)])[0] == 200
    for other in (checkpoint_key("n", "r", "p/b"), checkpoint_key("n", "s", "p/a"), checkpoint_key("m", "r", "p/a")):
        for key in (other, *checkpoint_slots(other)):
            assert links(worker, key)[0] == 403
            assert links(worker, writes=[(key, DIGEST, 3)])[0] == 403


def test_only_the_slot_of_a_new_checkpoint_is_emptied_before_it_comes(stand, peer):
    worker = peer(chunk_of(checkpoint_ms=1_000))
    older, newer = checkpoint_slots(checkpoint_key("n", "r", "p/a"))
    stand.blobs.put(older, b"older")
    stand.blobs.put(newer, b"newer")
    stand.blobs.put(KEY, DATA)
    assert links(worker, newer, writes=[(older, DIGEST, len(DATA)), (KEY, DIGEST, len(DATA))])[0] == 200
    assert not stand.blobs.exists(older)
    assert stand.blobs.get(newer) == b"newer"
    assert stand.blobs.get(KEY) == DATA


def test_the_log_is_that_of_the_chunk(peer):
    worker = peer()
    assert links(worker, writes=[("runs/n/r/logs/r.1.log", DIGEST, 3)])[0] == 200
    assert links(worker, writes=[("runs/n/r/logs/r.1.log.12", DIGEST, 3)])[0] == 200
    for other in ("r.2.log", "r.1.log.", "r.1.log.x", "r.1.log.1/2", "r.1.log.1234567", "r.1.logs.1", "r.1.1.log"):
        assert links(worker, writes=[(f"runs/n/r/logs/{other}", DIGEST, 3)])[0] == 403
    assert links(worker, "runs/n/r/logs/r.1.log")[0] == 403


def test_what_is_shown_live_is_of_the_chunk_s_own_attempts(stand, peer):
    worker = peer()
    own = live_log_prefix("n", "r", "p/a", 1)
    text = base64.b64encode(b"hello").decode()
    assert worker.ask("/v1/write", key=f"{own}0", data=text, conditional=False)[0] == 200
    assert stand.blobs.get(f"{own}0") == b"hello"
    assert worker.ask("/v1/read", key=f"{own}0")[0] == 403
    for other in (live_log_prefix("n", "r", "p/a", 2), live_log_prefix("n", "r", "p/b", 1),
                  live_log_prefix("n", "s", "p/a", 1), live_log_prefix("m", "r", "p/a", 1)):  # fmt: skip
        assert worker.ask("/v1/write", key=f"{other}0", data=text, conditional=False)[0] == 403
    for number in ("", "x", "1/2", "../0", "1234567"):
        assert worker.ask("/v1/write", key=f"{own}{number}", data=text, conditional=False)[0] == 403


def test_state_is_compared_and_swapped(peer):
    worker = peer(chunk_of(WorkItem(instance="p/a", attempt=1, key="k"), state={"n": StateField(type="Int")}))
    prefix = state_prefix("n", "t", "k")
    current = f"{prefix}/current.json"
    assert worker.ask("/v1/read", key=current)[0] == 404
    one, two = (base64.b64encode(text).decode() for text in (b"1", b"2"))
    tag = worker.ask("/v1/write", key=current, data=one)[1]["tag"]
    assert worker.ask("/v1/write", key=current, data=two)[0] == 412
    assert worker.ask("/v1/read", key=current)[1] == {"data": one, "tag": tag}
    assert worker.ask("/v1/write", key=current, data=two, tag=tag)[0] == 200
    assert worker.ask("/v1/write", key=f"{prefix}/versions/1-r%20p.json", data=one, conditional=False)[0] == 200
    for other in (state_prefix("n", "t", "other"), state_prefix("n", "u", "k"), state_prefix("m", "t", "k")):
        assert worker.ask("/v1/read", key=f"{other}/current.json")[0] == 403
        assert worker.ask("/v1/write", key=f"{other}/current.json", data=one)[0] == 403
    assert worker.ask("/v1/write", key=f"{prefix}/versions/../../x.json", data=one)[0] == 403
    # The files that a state holds are of its own namespace, whatever run made them.
    assert links(worker, KEY)[0] == 200
    assert links(worker, artifact_key("m", DIGEST))[0] == 403


def test_an_archive_is_written_once(stand, peer):
    worker = peer(chunk_of(runs=Build(key="env", packages=("x",)), outputs={"archive": "String"}))
    key = "environments/n/" + "a" * 64 + ".tar"
    [link] = links(worker, writes=[(key, DIGEST, len(DATA))])[1]["writes"][key]["parts"]
    stand.blobs.put(key, b"first")
    assert worker.put(link, DATA).status == 200
    assert stand.blobs.get(key) == b"first"
    assert links(worker, writes=[(key, DIGEST, 9)])[1]["writes"][key]["parts"] == []
    assert worker.ask("/v1/write", key=key, data="", conditional=False)[0] == 412
    assert stand.blobs.get(key) == b"first"
    assert worker.ask("/v1/write", key="environments/n/resolved/env-py3.json", data="", conditional=False)[0] == 200
    assert worker.ask("/v1/write", key="environments/n/resolved/other-py3.json", data="")[0] == 403


def test_a_large_blob_goes_by_an_address(stand, peer):
    key, _ = checkpoint_slots(checkpoint_key("n", "r", "p/a"))
    stand.blobs.put(key, b"x" * 3_000_001)
    status, answer = peer(chunk_of(checkpoint_ms=1)).ask("/v1/read", key=key)
    assert (status, answer["what_to_do"]) == (413, "ask for a link")


def test_too_many_keys_at_once_are_refused(peer):
    assert links(peer(), *[f"k{n}" for n in range(2_001)])[0] == 413


NAMED = {"driver": "aws_secrets", "name": "db"}
OTHERS = {"driver": "aws_secrets", "name": "other"}


def test_a_chunk_gets_the_secrets_that_its_plan_names(peer):
    settings = Connector(driver="d", settings={"password": {"secret": {"driver": "aws_secrets", "name": "pw"}}, "n": 1})
    chunk = chunk_of(WorkItem(instance="p/a", attempt=1, secrets={"DB": NAMED}),
                     runs=Operator(package="p", name="o", version="1", connector=settings))  # fmt: skip
    worker = peer(chunk)
    wanted = [NAMED, {"name": "pw", "driver": "aws_secrets"}]
    assert worker.ask("/v1/secrets", references=wanted)[1] == {"texts": ["db of n", "pw of n"]}
    for other in (OTHERS, {**NAMED, "field": "x"}, {}, {"driver": "environment", "variable": "HOME"}):
        status, answer = worker.ask("/v1/secrets", references=[NAMED, other])
        assert (status, "not this chunk's" in answer["error"]) == (403, True)


@pytest.mark.parametrize("reference", [{"driver": "environment", "variable": "HOME"}, {"driver": "file", "path": "/x"}])
def test_what_the_gateway_s_machine_knows_is_nobody_s_business(reference, peer):
    worker = peer(chunk_of(WorkItem(instance="p/a", attempt=1, secrets={"X": reference})))
    assert worker.ask("/v1/secrets", references=[reference])[0] == 403


def test_a_secret_that_is_not_there_is_named(peer):
    missing = {"driver": "aws_secrets", "name": "none"}
    worker = peer(chunk_of(WorkItem(instance="p/a", attempt=1, secrets={"X": missing})))
    status, answer = worker.ask("/v1/secrets", references=[missing])
    assert (status, answer["error"]) == (424, "the secret `none` is not there")
