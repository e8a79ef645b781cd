"""The lock file of a bundle."""

import pytest

from econda_cloud.environments.pins import LOCK_NAME, BadPins, read_lock, take_lock, write_lock

HASH = "--hash=sha256:" + "a" * 64
PINS = {
    "env-1": (f"six==1.16.0 {HASH} {HASH}",),
    "env-0": (
        f"numpy==2.4.6 ; python_full_version < '3.12' and platform_machine != 'x86-64' {HASH}",
        f"uvicorn[standard]==1!2.0.post1+local {HASH}",
    ),
}


def test_a_lock_is_read_as_it_was_written():
    data = write_lock(PINS)
    assert read_lock(data) == PINS
    assert data == write_lock(dict(reversed(PINS.items())))
    assert data.count(b"\n") > len(PINS)


def test_a_lock_is_no_code_file():
    files = {"a.py": b"1", LOCK_NAME: write_lock(PINS)}
    assert take_lock(files) == ({"a.py": b"1"}, PINS)
    assert take_lock({"a.py": b"1"}) == ({"a.py": b"1"}, {})
    assert LOCK_NAME in files


@pytest.mark.parametrize(("data", "said"), [
    (b"", "is not JSON"),
    (b"\xff\xfe", "is not JSON"),
    (b"[" * 100_000, "is not JSON"),
    (b"[]", "not a mapping"),
    (b'{"env-1": {}}', "at least one"),
    (b'{"env-1": []}', "at least one"),
    (b'{"env-1": [1]}', "`1` is not a requirement"),
    (b'{"env-1": ["six==1.16.0"]}', "`six==1.16.0` is not"),
    (f'{{"e": ["six>=1 {HASH}"]}}'.encode(), "is not a requirement"),
    (f'{{"e": ["--index-url=http://x {HASH}"]}}'.encode(), "is not a requirement"),
    (f'{{"e": ["six==1 ; a --index-url=http://x {HASH}"]}}'.encode(), "is not a requirement"),
    (f'{{"e": ["six==1 {HASH}\\n-r x"]}}'.encode(), "is not a requirement"),
])  # fmt: skip
def test_garbage_is_refused(data, said):
    with pytest.raises(BadPins) as error:
        read_lock(data)
    assert said in str(error.value)
    assert "delete it" in str(error.value)
