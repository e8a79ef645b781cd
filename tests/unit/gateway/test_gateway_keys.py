"""The file of keys of an embedded gateway."""

import os
import stat
import threading

import pytest
from econda_adapters.embedded.gateway_keys import KeyFile

from econda_cloud.gateway.tokens import BadKeys, Token, Tokens

TOKEN = Token(run="r", namespace="n", chunk="c", document="d", ends_ms=10**15)


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path):
    path = tmp_path / "deep" / "keys.json"
    ring = KeyFile(path)()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KeyFile(path)() == ring
    assert len(ring.keys[0].secret) == 32
    assert [each.name for each in path.parent.iterdir()] == ["keys.json"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_keys_that_others_can_read_sign_nothing(mode, tmp_path):
    path = tmp_path / "keys.json"
    keys = KeyFile(path)
    keys()
    path.chmod(mode)
    with pytest.raises(BadKeys, match=f"chmod 600 {path}"):
        keys()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'[{"keys":[]}]', b'[[{"id":"a"}]]'])
def test_a_file_without_keys_is_said_to_be_one(content, tmp_path):
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(BadKeys, match=r"holds no keys|needs one key"):
        KeyFile(path)()


def test_rotation_is_seen_by_who_has_the_file_open(tmp_path):
    path = tmp_path / "keys.json"
    here, there = KeyFile(path), KeyFile(path)
    tokens = Tokens(here)
    old = tokens.sign(TOKEN, 1_000)
    there.rotate(2_000, lasts_ms=500)
    os.utime(path, ns=(1, 1))
    assert tokens.check(old, Token, 2_400) == TOKEN
    assert here().signing(2_400).from_ms == 2_000
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(Exception, match="has ended"):
        tokens.check(old, Token, 2_500)


def test_two_that_make_the_first_keys_agree(tmp_path):
    found = []
    threads = [threading.Thread(target=lambda: found.append(KeyFile(tmp_path / "keys.json")())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ring.keys[0].id for ring in found}) == 1
