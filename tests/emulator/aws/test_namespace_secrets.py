"""Secrets of namespaces, as `econda secrets` keeps them, on Secrets Manager's wire protocol."""

from __future__ import annotations

import pytest
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.namespace_secrets import LONGEST, BadSecret, NamespaceSecrets

from econda_cloud.ports.secrets import SecretUnavailable

pytestmark = pytest.mark.emulator


@pytest.fixture
def clients(local_cloud):
    made = Clients(local_cloud.environment())
    yield made
    made.close()


def text_of(team: str, clients: Clients, name: str) -> str:
    return NamespaceSecrets(team, "blue", clients).get({"driver": "aws_secrets", "name": name})


def test_a_secret_is_set_changed_listed_and_removed(clients, name):
    blue, red = (NamespaceSecrets(name, namespace, clients) for namespace in ("blue", "red"))
    blue.set("db/login", "first")
    blue.set("db/login", "second")
    red.set("other", "x")
    assert text_of(name, clients, "db/login") == "second"
    assert [kept.name for kept in blue.names()] == ["db/login"]
    assert blue.names()[0].changed is not None
    blue.remove("db/login")
    assert blue.names() == []
    with pytest.raises(SecretUnavailable):
        text_of(name, clients, "db/login")
    with pytest.raises(KeyError):
        blue.remove("other")
    assert [kept.name for kept in red.names()] == ["other"]


def test_one_that_was_removed_can_be_set_again(clients, name):
    blue = NamespaceSecrets(name, "blue", clients)
    blue.set("token", "old")
    blue.remove("token")
    blue.set("token", "new")
    assert text_of(name, clients, "token") == "new"
    assert [kept.name for kept in blue.names()] == ["token"]


@pytest.mark.parametrize("bad", ["", "econda/x/y", " a", "a b", "a\nb", "x" * 300, "-"])
def test_a_name_that_cannot_be_is_refused(clients, name, bad):
    with pytest.raises(BadSecret, match="is no name for a secret"):
        NamespaceSecrets(name, "blue", clients).set(bad, "text")


@pytest.mark.parametrize("text", ["", "x" * (LONGEST + 1)])
def test_a_text_that_cannot_be_kept_is_refused_and_not_shown(clients, name, text):
    with pytest.raises(BadSecret, match="a secret has 1 to 65,536"):
        NamespaceSecrets(name, "blue", clients).set("token", text)
