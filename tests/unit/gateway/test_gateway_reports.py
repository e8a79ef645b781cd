"""Reports: what is believed of them, and what is answered."""

import base64

import msgspec
import pytest
from econda_edsl.plan import Inline

from econda_cloud.gateway.reports import DEPTH_MOST, OUTPUTS_MOST
from econda_cloud.wire.chunk import Build, WorkItem
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded
from econda_cloud.wire.keys import artifact_key
from tests.unit.gateway.standing import chunk_of

DIGEST, OTHER = "a" * 64, "b" * 64


def done(outputs=None, instance="p/a", attempt=1, **more):
    about = {"started_ms": 0, "ended_ms": 1, **more}
    return AttemptSucceeded(
        instance=instance, attempt=attempt, outputs={"y": 1} if outputs is None else outputs, **about
    )


def artifact(key, digest=DIGEST, **more):
    return {"$artifact": {"kind": "File", "name": "x", "sha256": digest, "size": 1, "key": key, **more}}


def test_a_report_becomes_a_message_of_its_run(stand, peer):
    stand.now = 5_000_000
    worker = peer()
    stand.now = 5_009_000
    failed = AttemptFailed(instance="p/a", attempt=1, failure="failed", message="x" * 20_000, started_ms=5_001_000,
                           ended_ms=5_002_000)  # fmt: skip
    assert worker.report(failed) == (200, {"next": None})
    [(group, event)] = stand.events()
    assert (group, event.handle, event.started_ms, event.ended_ms) == ("r", "job of me", 5_001_000, 5_002_000)
    assert len(event.message) == 10_000


def test_times_cannot_lie_outside_of_the_claim(stand, peer):
    worker = peer()
    claimed, stand.now = stand.now, stand.now + 1_000
    worker.report(done(started_ms=0, ended_ms=10**15))
    worker.report(done(started_ms=10**15, ended_ms=-5))
    times = [(event.started_ms, event.ended_ms) for _, event in stand.events()]
    assert times == [(claimed, stand.now), (stand.now, stand.now)]


def test_who_reports_does_not_say_which_handle_it_is(stand, peer):
    peer().report(done(handle="another job"))
    assert [event.handle for _, event in stand.events()] == ["job of me"]


def test_the_log_is_kept_before_the_events_are_sent(stand, peer):
    key = "runs/n/r/logs/r.1.log"
    assert peer().report(done(log=f"{key}#0+5"), log=b"hello")[0] == 200
    assert stand.blobs.get(key) == b"hello"
    assert [event.log for _, event in stand.events()] == [f"{key}#0+5"]


def test_a_further_part_of_the_log_leaves_those_before_it(stand, peer):
    key, worker = "runs/n/r/logs/r.1.log", peer()
    assert worker.report(log=b"hello")[0] == 200
    assert worker.report(done(log=f"{key}.1#0+5"), log=b"world", log_part=1)[0] == 200
    assert (stand.blobs.get(key), stand.blobs.get(f"{key}.1")) == (b"hello", b"world")
    assert [event.log for _, event in stand.events()] == [f"{key}.1#0+5"]
    for part in (-1, 1_000_000, "x"):
        assert worker.report(log=b"x", log_part=part)[0] == 422


def test_a_report_twice_is_two_messages_that_say_the_same(stand, peer):
    worker = peer()
    worker.report(done(), last=True)
    status, answer = worker.report(done(), last=True)
    assert status == 200, answer
    [first, second] = stand.events()
    assert first == second


BAD = {
    "no reports": (b'{"a": 1}', "these are no reports"),
    "no JSON": (b"[", "not what /v1/report takes"),
    "an event that workers do not send": (
        b'[{"event":"run_started","run":"r","namespace":"n","plan":"p","params":{},"seed":1}]',
        "these are no reports",
    ),
    "a lost chunk": (b'[{"event":"chunk_lost","chunk":"r.1","failure":"lost","message":""}]', "these are no reports"),
    "another chunk's attempt": (done(instance="p/b"), "is not of this chunk"),
    "another try": (done(attempt=2), "is not of this chunk"),
    "an output too few": (done({}), "missing or not declared: y"),
    "an output too many": (done({"y": 1, "z": 2}), "missing or not declared: z"),
    "large outputs": (done({"y": "x" * OUTPUTS_MOST}), "take 1000008 bytes"),
    "a log of another run": (done(log="runs/n/other/logs/o.1.log#0+5"), "is not one of this chunk"),
    "a log without a span": (done(log="runs/n/r/logs/r.1.log"), "is not one of this chunk"),
    "params of another namespace": (
        done({"y": artifact("uploads/finance/payroll.params.yaml")}),
        "none that this chunk",
    ),
    "the plan": (done({"y": artifact("runs/n/r/plan.json")}), "none that this chunk"),
    "an artifact of another namespace": (done({"y": artifact(artifact_key("m", DIGEST))}), "none that this chunk"),
    "another hash than its name": (done({"y": artifact(artifact_key("n", OTHER))}), "none that this chunk"),
    "another chunk's unchecked file": (done({"y": artifact(f"artifacts/n/unchecked/r/r.2/{DIGEST}")}), "none that"),
    "a way out of the store": (done({"y": artifact(f"artifacts/n/sha256/../../m/{DIGEST}")}), "none that this chunk"),
    "a hash that is none": (done({"y": artifact(artifact_key("n", "x"), "x")}), "described wrongly"),
    "a size that is none": (done({"y": artifact(artifact_key("n", DIGEST), size=-1)}), "described wrongly"),
    "a size that is text": (done({"y": artifact(artifact_key("n", DIGEST), size="1")}), "described wrongly"),
    "a member unheard of": (done({"y": artifact(artifact_key("n", DIGEST), acl="public")}), "described wrongly"),
    "a mark on no artifact": (done({"y": {"$artifact": "x"}}), "described wrongly"),
    "a mark beside others": (done({"y": {**artifact(artifact_key("n", DIGEST)), "z": 1}}), "described wrongly"),
    "an artifact deep inside": (done({"y": [{"z": [artifact("runs/m/x")]}]}), "none that this chunk"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused_and_harms_nothing(name, stand, peer):
    worker = peer()
    report, said = BAD[name]
    if isinstance(report, bytes):
        status, answer = worker.ask("/v1/report", raw=b'{"events":' + report + b"}")
    else:
        status, answer = worker.report(report)
    assert status == 422
    assert said in answer["error"]
    assert answer["what_to_do"]
    assert stand.events() == []
    assert worker.report(done())[0] == 200


def nested(depth):
    return (
        b'[{"event":"attempt_succeeded","instance":"p/a","attempt":1,"started_ms":0,"ended_ms":1,"outputs":{"y":%s}}]'
        % (b"[" * depth + b"1" + b"]" * depth)
    )


@pytest.mark.parametrize("depth", [DEPTH_MOST, 500, 985, 1_000, 5_000, 200_000])
def test_values_that_no_reader_could_descend_are_refused(depth, stand, peer):
    status, answer = peer().ask("/v1/report", raw=b'{"events":' + nested(depth) + b"}")
    assert (status, "nested" in answer["error"]) == (422, True)
    assert stand.events() == []


def test_values_may_be_as_deep_as_is_said(stand, peer):
    assert peer().ask("/v1/report", raw=b'{"events":' + nested(DEPTH_MOST - 1) + b"}")[0] == 200
    assert len(stand.events()) == 1


def test_an_input_may_be_handed_on(peer):
    given = artifact(f"artifacts/n/unchecked/other/o.1/{DIGEST}")
    worker = peer(chunk_of(WorkItem(instance="p/a", attempt=1, args={"x": [given]})))
    assert worker.report(done({"y": given}))[0] == 200
    forged = artifact(f"artifacts/n/unchecked/other/o.1/{DIGEST}", OTHER)
    assert worker.report(done({"y": forged}))[0] == 422


def test_an_archive_lies_where_archives_lie(peer):
    chunk = chunk_of(runs=Build(key="k", packages=("x",)), outputs={"archive": "String"})
    worker = peer(chunk)
    for key in (f"environments/m/{DIGEST}.tar", "environments/n/../m/x.tar", f"artifacts/n/sha256/{DIGEST}", 5):
        status, answer = worker.report(done({"archive": key}))
        assert (status, answer["error"]) == (422, "the archive is none of this namespace")
    assert worker.report(done({"archive": f"environments/n/{DIGEST}.tar"}))[0] == 200


class Going:
    """Goes on with one more attempt, as the trusted side decides it."""

    def __init__(self, following):
        self.following, self.told = following, []

    def __call__(self, run, chunk, events, now, *, ends_ms):
        self.told.append((run, chunk, list(events), now, ends_ms))
        return self.following


def test_a_lone_success_is_answered_with_the_next_attempt(stand, peer):
    second = chunk_of(WorkItem(instance="p/b", attempt=1), id="r.1.1", outputs={"z": "Int"})
    going = Going(second)
    stand.gateway = stand.another(going)
    worker = peer()
    status, answer = worker.report(done(), last=True, may_go_on=True, ends_ms=77)
    [(run, chunk, [event], now, ends_ms)] = going.told
    assert (run, chunk, event.handle, now, ends_ms) == ("r", "r.1", "job of me", stand.now, 77)
    assert (status, answer["next"]["document"]["id"]) == (200, "r.1.1")
    assert stand.events() == [], "whoever said what comes next has logged the result"
    worker.token, going.following = answer["next"]["token"], None
    status, answer = worker.report(done({"z": 2}, instance="p/b"), last=True, may_go_on=True,
                                   document=msgspec.Raw(msgspec.json.encode(second, order="deterministic")))  # fmt: skip
    assert (status, answer) == (200, {"next": None})
    assert [event.instance for _, event in stand.events()] == ["p/b"]


@pytest.mark.parametrize("report", [
    {"last": True}, {"may_go_on": True},
])  # fmt: skip
def test_only_who_can_go_on_is_asked(report, stand, peer):
    going = Going(chunk_of(id="r.1.1"))
    stand.gateway = stand.another(going)
    assert peer().report(done(), **report)[1] == {"next": None}
    assert going.told == []
    assert len(stand.events()) == 1


def test_failures_and_fans_are_the_scheduler_s(stand, peer):
    going = Going(chunk_of(id="r.1.1"))
    stand.gateway = stand.another(going)
    failed = AttemptFailed(instance="p/a", attempt=1, failure="failed", message="")
    assert peer().report(failed, last=True, may_go_on=True)[1] == {"next": None}
    both = [WorkItem(instance=f"p/a[{n}]", attempt=1) for n in range(2)]
    fan = peer(chunk_of(*both, id="r.2"))
    assert fan.report(done(instance="p/a[0]"), last=True, may_go_on=True)[1] == {"next": None}
    assert going.told == []


def test_a_following_chunk_is_kept_by_heartbeats_too(stand, peer):
    stand.gateway = stand.another(Going(chunk_of(id="r.1.1")))
    worker = peer()
    worker.token = worker.report(done(), last=True, may_go_on=True)[1]["next"]["token"]
    stand.now += 60_000
    assert worker.beat()[0] == 200
    assert stand.log.names("claim/") == ["claim/r.1", "claim/r.1.1"]


class Refusing:
    def send(self, bodies, **more):
        raise ConnectionError(f"{len(bodies)} {more}")


def test_an_outage_is_said_and_nothing_is_lost(stand, peer):
    worker = peer()
    queue, stand.queue._port = stand.queue._port, Refusing()
    status, answer = worker.report(done(), last=True)
    assert (status, answer["error"]) == (503, "the gateway cannot do this now")
    assert "ConnectionError" not in answer["error"] + answer["what_to_do"]
    stand.queue._port = queue
    assert worker.report(done(), last=True)[0] == 200
    assert len(stand.events()) == 1


def test_requests_that_are_none_are_refused(peer):
    worker = peer()
    for raw in (b"", b"[]", b"\xff", b'{"events":[],"surprise":1}', b'{"document":' + b"[" * 100_000):
        status, answer = worker.ask("/v1/report", raw=raw)
        assert status == 422, answer
    assert worker.ask("/v1/elsewhere")[0] == 404
    status, answer = worker.ask("/v1/report", raw=b"x" * 5_000_001)
    assert (status, answer["error"]) == (413, "a request of 5000001 bytes, at most 5000000")


def test_shell_and_python_are_told_alike(stand, peer):
    worker = peer(chunk_of(id="r.3", runs=Inline(language="shell", body="true"), outputs={}))
    assert worker.report(done({}))[0] == 200
    assert len(stand.events()) == 1


def packed(owner="me", number=0, start=0, length=4, size=4, chunk="r.1"):
    key = f"artifacts/n/packs/r/{chunk}/{owner}-{number}#{start}+{length}"
    return {"y": artifact(key, size=size)}


def test_small_files_come_with_the_report_that_names_them(stand, peer):
    pack = base64.b64encode(b"....data").decode()
    assert peer().report(done(packed(start=4)), pack=pack)[0] == 200
    [(_, event)] = stand.events()
    assert stand.blobs.get(event.outputs["y"]["$artifact"]["key"]) == b"data"


@pytest.mark.parametrize("wrong", [
    {"size": 5}, {"chunk": "r.2"}, {"owner": "../x"}, {"owner": "a/b"}, {"length": "4+1"}, {"number": "x"},
])  # fmt: skip
def test_files_of_other_packs_are_refused(wrong, stand, peer):
    status, answer = peer().report(done(packed(**wrong)), pack="")
    assert (status, "none that this chunk" in answer["error"]) == (422, True)
    assert stand.events() == []


def test_a_pack_is_written_once(stand, peer):
    worker = peer()
    first, second = (base64.b64encode(data).decode() for data in (b"data", b"else"))
    assert worker.report(done(packed()), pack=first)[0] == 200
    assert worker.report(done(packed()), pack=first)[0] == 200, "a report that was sent again"
    assert worker.report(done(packed()), pack=second)[0] == 409
    assert worker.report(done(packed(number=1)), pack=second, pack_number=1)[0] == 200
    assert stand.blobs.get("artifacts/n/packs/r/r.1/me-0") == b"data"
