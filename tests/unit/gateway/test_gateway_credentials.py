"""Credentials of a namespace's customer: who is given some, and how tasks find them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from botocore.credentials import ContainerProvider

from econda_cloud.ports.roles import Credentials, RoleRefused
from econda_cloud.worker.gateway.client import GatewayAway
from econda_cloud.worker.gateway.credentials import CredentialsServer
from tests.unit.gateway.standing import Peer, chunk_of

LENT = Credentials(access_key_id="ASIA1", secret_access_key="hidden", session_token="t", expires_ms=4_000_000_000_000)


class Roles:
    """The namespace `n` has a role, and says for which runs it was asked."""

    def __init__(self, refuses=""):
        self.refuses, self.asked = refuses, []

    def has(self, namespace):
        return namespace == "n"

    def lend(self, namespace, run, now):
        self.asked.append((namespace, run, now))
        if self.refuses:
            raise RoleRefused(self.refuses)
        return LENT


def worker_of(stand, roles, **chunk):
    stand.gateway = stand.another(roles=roles)
    worker = Peer(stand, stand.assign(chunk_of(**chunk)))
    return worker, worker.claim()[1]


def test_tasks_of_a_namespace_with_a_role_are_lent_credentials(stand):
    roles = Roles()
    worker, claimed = worker_of(stand, roles)
    assert claimed["credentials"] is True
    status, lent = worker.ask("/v1/credentials")
    assert (status, lent["access_key_id"], lent["expires_ms"]) == (200, "ASIA1", LENT.expires_ms)
    assert roles.asked == [("n", "r", stand.now)]


def test_those_of_others_are_not_and_nobody_is_asked(stand):
    roles = Roles()
    worker, claimed = worker_of(stand, roles, namespace="m")
    assert claimed["credentials"] is False
    status, answer = worker.ask("/v1/credentials")
    assert (status, answer["error"]) == (404, "the namespace m has no role")
    assert roles.asked == []


def test_a_role_that_cannot_be_taken_on_says_why_and_what_to_do(stand):
    worker, _ = worker_of(stand, Roles("the role arn:x cannot be taken on: AccessDenied"))
    status, answer = worker.ask("/v1/credentials")
    assert (status, answer["error"]) == (424, "the role arn:x cannot be taken on: AccessDenied")
    assert "trust policy" in answer["what_to_do"]


def test_a_token_that_may_only_claim_is_lent_nothing(stand):
    roles = Roles()
    stand.gateway = stand.another(roles=roles)
    assert Peer(stand, stand.assign(chunk_of())).ask("/v1/credentials")[0] == 403
    assert roles.asked == []


@pytest.fixture
def server():
    made = CredentialsServer()
    yield made
    made.close()


def test_an_sdk_finds_them_where_containers_have_them(server):
    server.lend = lambda: LENT
    found = ContainerProvider(environ=server.variables).load()
    assert found is not None
    frozen = found.get_frozen_credentials()
    assert (frozen.access_key, frozen.secret_key, frozen.token) == ("ASIA1", "hidden", "t")


def asked(server, word=None, path=""):
    request = urllib.request.Request(
        server.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] + path,
        headers={"authorization": word or server.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_whoever_does_not_know_the_word_is_told_nothing(server):
    server.lend = lambda: pytest.fail("they were lent")
    assert asked(server, word="guess")[0] == 403
    assert asked(server, path="/more")[0] == 404


def test_between_two_chunks_and_while_the_gateway_is_away_it_says_so(server):
    assert asked(server) == (503, {"code": "ServiceUnavailable", "message": "no attempt is run here now"})

    def away():
        raise GatewayAway("the gateway cannot be reached")

    server.lend = away
    assert asked(server)[0] == 503
