"""Claims and heartbeats through the gateway."""

import msgspec

from econda_cloud.gateway.cancellations import note_cancelled
from econda_cloud.gateway.claims import LASTS_MS, claim_state
from econda_cloud.wire.chunk import WorkItem
from econda_cloud.wire.events import AttemptSucceeded
from tests.unit.gateway.standing import Peer, chunk_of

DONE = AttemptSucceeded(instance="p/a", attempt=1, outputs={"y": 1}, started_ms=0, ended_ms=1)


def test_the_first_worker_has_the_chunk(stand, peer):
    first = peer()
    second = Peer(stand, first.assignment, owner="second")
    status, answer = second.claim()
    assert (status, answer["error"], answer["by"]) == (409, "claimed", "job of me")
    assert claim_state(stand.log, "r.1", None).handle == "job of me"


def test_a_claim_whose_answer_was_lost_is_made_again(stand, peer):
    worker = peer()
    again = Peer(stand, worker.assignment)
    assert again.claim()[0] == 200
    assert again.report(DONE, last=True)[0] == 200


def test_nobody_follows_a_worker_that_died(stand, peer):
    """An attempt begins once in a chunk; the scheduler places it anew, in another one."""
    dead = peer()
    stand.now += 10 * LASTS_MS
    status, answer = Peer(stand, dead.assignment, owner="second").claim()
    assert (status, answer["error"], answer["by"]) == (409, "claimed", "job of me")


def test_a_worker_that_has_said_its_last_word_says_no_more(stand, peer):
    done = peer()
    assert done.report(DONE, last=True)[0] == 200
    stand.now += LASTS_MS
    for path, body in (
        ("/v1/report", {"events": [DONE]}),
        ("/v1/heartbeat", {"alive": True}),
        ("/v1/links", {"reads": []}),
        ("/v1/secrets", {"references": []}),
    ):
        status, answer = done.ask(path, **body)
        assert (status, answer["error"], answer["by"]) == (409, "claim_lost", "job of me")
        assert "stop, and report nothing" in answer["what_to_do"]
    assert len(stand.events()) == 1


def test_a_worker_that_was_silent_may_report(stand, peer):
    worker = peer()
    stand.now += 10 * LASTS_MS
    assert worker.report(DONE)[0] == 200
    assert len(stand.events()) == 1


def test_heartbeats_keep_others_away(stand, peer):
    worker = peer()
    for _ in range(5):
        stand.now += 60_000
        status, answer = worker.beat()
        assert (status, answer["until_ms"]) == (200, stand.now + LASTS_MS)
    assert Peer(stand, worker.assignment, owner="second").claim()[0] == 409
    assert claim_state(stand.log, "r.1", None).seq == 6


def test_looking_for_cancellations_writes_nothing(stand, peer):
    worker = peer()
    note_cancelled(stand.log._port, "r.1", (("p/a", 1),))
    status, answer = worker.beat(alive=False)
    assert (status, answer["cancelled"], answer["seen"]) == (200, [["p/a", 1]], 1)
    assert worker.beat(alive=False, seen=1)[1]["cancelled"] == []
    assert claim_state(stand.log, "r.1", None).seq == 1


def test_a_claim_can_tell_what_is_cancelled_already(stand, peer):
    note_cancelled(stand.log._port, "r.1", (("p/a", 1),))
    worker = peer(claimed=False)
    assert worker.claim(look=True)[1]["cancelled"] == [["p/a", 1]]


def test_nobody_claims_what_is_done(stand, peer):
    worker = peer()
    assert worker.report(DONE, last=True)[0] == 200
    stand.now += 10 * LASTS_MS
    status, answer = Peer(stand, worker.assignment, owner="second").claim()
    assert (status, "is done by" in answer["what_to_do"]) == (409, True)


def test_members_of_an_array_have_claims_of_their_own(stand, peer):
    items = tuple(WorkItem(instance=f"p/a[{n}]", attempt=1) for n in range(2))
    first = peer(chunk_of(*items), index=0, array=True, inline=False)
    second = Peer(stand, first.assignment, owner="second")
    assert second.claim(0)[0] == 409
    assert second.claim(1)[0] == 200
    mine = AttemptSucceeded(instance="p/a[1]", attempt=1, outputs={"y": 1}, started_ms=0, ended_ms=1)
    assert second.report(mine)[0] == 200
    status, answer = first.report(mine)
    assert (status, "is not of this chunk" in answer["error"]) == (422, True)


def test_a_stored_document_comes_with_the_claim(peer):
    worker = peer(inline=False, claimed=False)
    assert bytes(worker.assignment.document) == b"null"
    assert worker.claim()[1]["document"]["id"] == "r.1"


def test_a_gateway_that_remembers_nothing_asks_for_the_document(stand, peer):
    worker = peer()
    worker.gateway = stand.another()
    status, answer = worker.report(DONE)
    assert (status, answer["error"]) == (428, "document_wanted")
    assert worker.report(DONE, document=msgspec.Raw(worker.assignment.document))[0] == 200
    assert len(stand.events()) == 1


def test_a_claim_needs_an_owner(peer):
    worker = peer(claimed=False)
    worker.owner = ""
    assert worker.claim()[0] == 422
    worker.owner = "x" * 201
    assert worker.claim()[0] == 422
