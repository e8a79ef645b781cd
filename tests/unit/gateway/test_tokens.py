"""Tokens: whatever is wrong with one is said before anything is asked of a store, and never shows the token."""

import base64
import json

import jwt
import msgspec
import pytest

from econda_cloud.gateway.requests import Refusal, Request
from econda_cloud.gateway.tokens import BadKeys, Key, KeyRing, Leave, Token, Tokens, rotated
from econda_cloud.wire.assignment import encode_assignment, without_tokens
from tests.unit.gateway.standing import Peer, chunk_of

CLAIMS = {"use": "worker", "run": "r", "namespace": "n", "chunk": "r.1", "document": "d", "ends_ms": 10**15}


def forged(claims=CLAIMS, key=b"1" * 32, kid="k1", algorithm="HS256"):
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


def unsigned():
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'kid': 'k1'})}.{part(CLAIMS)}."


def changed(token):
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    claims["namespace"] = "other"
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


BAD = {
    "nothing": (lambda _: "", "no token"),
    "words": (lambda _: "let me in", "not one of econda"),
    "three words": (lambda _: "a.b.c", "not one of econda"),
    "signed by another": (lambda _: forged(key=b"2" * 32), "signature is wrong"),
    "unsigned": (lambda _: unsigned(), "signature is wrong"),
    "another algorithm": (lambda _: forged(key=b"1" * 64, algorithm="HS512"), "signature is wrong"),
    "changed": (changed, "signature is wrong"),
    "cut": (lambda own: own[:-4], "the token"),
    "of an unknown key": (lambda _: forged(kid="k9"), "key is not known"),
    "of no key": (lambda _: jwt.encode(CLAIMS, b"1" * 32, algorithm="HS256"), "key is not known"),
    "of another version": (lambda _: forged({"use": "worker", "run": "r"}), "another version"),
    "of no kind": (lambda _: forged({**CLAIMS, "use": "else"}), "for something else"),
    "expired": (lambda _: forged({**CLAIMS, "ends_ms": 5}), "has expired"),
    "endless": (lambda _: "x" * 100_000, "too long"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused_before_any_store_is_asked(name, stand, peer, caplog):
    worker = peer()
    make, said = BAD[name]
    token, before = make(worker.token), stand.asked()
    worker.token = token
    for path in ("/v1/claim", "/v1/heartbeat", "/v1/report", "/v1/links", "/v1/secrets", "/v1/nowhere"):
        status, answer = worker.ask(path, events=[])
        assert status == 401
        assert said in answer["error"]
        assert answer["what_to_do"]
        assert not token or token not in json.dumps(answer)
    assert stand.asked() == before
    assert not token or token not in caplog.text


def test_the_kind_of_a_token_is_part_of_it(stand, peer):
    worker = peer()
    leave = stand.tokens.sign(Leave(method="GET", blob="x", name="x", ends_ms=10**15), stand.now)
    worker.token = leave
    assert worker.ask("/v1/heartbeat", alive=True)[0] == 401
    request = Request("GET", "/v1/blob/x", {"leave": peer(chunk_of(id="r.2")).token})
    assert stand.gateway.handle(request).status == 401


def test_a_token_for_claims_does_no_work_and_one_for_work_no_claims(peer):
    fresh = peer(claimed=False)
    status, answer = fresh.ask("/v1/report", events=[])
    assert (status, answer["error"]) == (403, "the token is for claims only")
    worker = peer(chunk_of(id="r.2"))
    assert worker.claim()[0] == 403


def test_a_token_of_one_chunk_is_good_for_no_other(stand, peer):
    mine, other = peer(chunk_of(id="r.1"), claimed=False), peer(chunk_of(id="r.2", namespace="m"), claimed=False)
    before = stand.asked()
    assert mine.claim(chunk="r.2")[1]["error"] == "the token is for another chunk"
    assert mine.claim(namespace="m")[1]["error"] == "the token is for another chunk"
    status, answer = mine.claim(document=msgspec.Raw(other.assignment.document))
    assert (status, answer["error"]) == (403, "the document is not the one of this token's chunk")
    assert stand.asked() == before


def test_a_token_claims_only_the_members_of_its_array(peer):
    items = tuple(msgspec.structs.replace(chunk_of().items[0], instance=f"p/a[{n}]") for n in range(3))
    job = peer(chunk_of(*items), claimed=False, array=True)
    for index in (3, -1, 10**9):
        assert job.claim(index)[0] == 403
    assert job.claim(None)[1]["error"] == "the token is for no member None"
    lone = peer(chunk_of(id="r.9"), claimed=False)
    assert lone.claim(0)[0] == 403
    assert job.claim(2)[0] == 200
    assert lone.claim()[0] == 200


def test_a_token_expires_and_a_heartbeat_renews_it(stand, peer):
    worker = peer()
    old = worker.token
    stand.now += 3_599_000
    assert worker.beat()[0] == 200
    stand.now += 2_000
    assert worker.beat()[0] == 200
    worker.token = old
    assert worker.beat()[1]["error"] == "the token has expired"


def test_keys_rotate_while_tokens_are_about(stand, peer):
    old = peer(claimed=False)
    stand.ring = rotated(stand.ring, Key(id="k2", secret=b"2" * 32, from_ms=stand.now), retires_ms=stand.now + 60_000)
    assert old.claim()[0] == 200
    assert jwt.get_unverified_header(old.token)["kid"] == "k2"
    late = peer(chunk_of(id="r.2"), claimed=False)
    late.token = Tokens(lambda: KeyRing((Key(id="k1", secret=b"1" * 32),))).sign(
        Token(run="r", namespace="n", chunk="r.2", document="d", ends_ms=10**15), stand.now
    )
    stand.now += 60_000
    assert "has ended" in late.claim()[1]["error"]
    assert old.beat()[0] == 200


def test_a_key_does_not_sign_before_its_time_nor_after():
    ring = KeyRing((Key(id="a", secret=b"a" * 32, until_ms=20), Key(id="b", secret=b"b" * 32, from_ms=10, until_ms=30)))
    assert [ring.signing(now).id for now in (0, 9, 10, 29)] == ["a", "a", "b", "b"]
    with pytest.raises(BadKeys, match="no key of the ring signs at this time"):
        ring.signing(30)
    assert ring.believed("a", 19) is not None
    assert ring.believed("a", 20) is None


def test_rotating_forgets_what_has_ended_long_ago():
    ring = KeyRing((Key(id="a", secret=b"a" * 32, until_ms=5), Key(id="b", secret=b"b" * 32)))
    ring = rotated(ring, Key(id="c", secret=b"c" * 32, from_ms=10), retires_ms=20)
    assert [(key.id, key.until_ms) for key in ring.keys] == [("b", 20), ("c", None)]


@pytest.mark.parametrize("keys", [(), (("a", 8),), (("a", 32), ("a", 32)), (("a/b", 32),), (("", 32),)])
def test_keys_that_cannot_sign_safely_are_none(keys):
    with pytest.raises(BadKeys):
        KeyRing(tuple(Key(id=name, secret=b"s" * size) for name, size in keys))


def test_tokens_are_masked_wherever_they_stand(stand):
    assignment = stand.assign(chunk_of())
    leave = stand.tokens.sign(Leave(method="GET", blob="k", name="k", ends_ms=9), stand.now)
    shown = without_tokens(f"{encode_assignment(assignment).decode()} /v1/blob/k?leave={leave}&x=1")
    assert assignment.token not in shown
    assert leave not in shown
    assert '"token":"***"' in shown
    assert shown.endswith("leave=***&x=1")


def test_a_key_is_not_shown():
    assert "sss" not in repr(KeyRing((Key(id="a", secret=b"s" * 40),)))


def test_the_gateway_without_keys_is_away_and_says_no_more(stand):
    worker = Peer(stand, stand.assign(chunk_of()))
    stand.ring = None
    status, answer = worker.claim()
    assert (status, answer["error"]) == (503, "the gateway cannot do this now")


def test_only_the_right_kind_is_read():
    tokens = Tokens(lambda: KeyRing((Key(id="a", secret=b"a" * 32),)))
    leave = Leave(method="PUT", blob="k", name="k", ends_ms=9, sha256="x", size=3)
    assert tokens.check(tokens.sign(leave, 0), Leave, 8) == leave
    with pytest.raises(Refusal, match="has expired"):
        tokens.check(tokens.sign(leave, 0), Leave, 9)
    with pytest.raises(Refusal, match="for something else"):
        tokens.check(tokens.sign(leave, 0), Token, 0)
