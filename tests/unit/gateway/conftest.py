"""A gateway to stand before, and workers of chunks."""

from __future__ import annotations

import pytest

from tests.unit.gateway.standing import Peer, Stand, chunk_of
from tests.unit.gateway.system import running


@pytest.fixture
def stand():
    return Stand()


@pytest.fixture
def peer(stand):
    """Makes workers of a chunk, which have claimed it."""

    def make(chunk=None, owner="me", claimed=True, index=None, **settings):
        found = Peer(stand, stand.assign(chunk or chunk_of(), **settings), owner)
        if claimed:
            status, answer = found.claim(index)
            assert status == 200, answer
        return found

    return make


@pytest.fixture
def system(tmp_path):
    with running(tmp_path) as found:
        yield found
