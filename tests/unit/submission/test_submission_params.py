"""Parameters of uploads: in the bundle, beside it, in the metadata of the object."""

from __future__ import annotations

import pytest

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.submission.accept import Content, Refused, accept
from econda_cloud.submission.bundles import zip_files
from econda_cloud.submission.uploads import Upload

SOURCE = b"""edsl 1

type Options:
    rate: Float
    name: String = "fast"

pipeline main(zip: String, n: Int = 1, options: Options = Options(rate = 1.0)) -> (text: String):
    return text = zip
"""


def params(content: Content, key: str = "uploads/me/p.edsl") -> dict:
    return accept(Upload("bucket", key, "v1"), content, MemoryBlobs()).params


def test_a_text_stays_what_it_is_wherever_it_stands() -> None:
    wanted = {"zip": "010", "n": 10, "options": {"rate": 0.5, "name": "NO"}}
    text = b"zip: 010\nn: 010\noptions: {rate: 0.5, name: NO}\n"
    bundle = zip_files({"main.edsl": SOURCE, "params.yaml": text})
    assert params(Content(bundle), "uploads/me/p.zip") == wanted
    toml = zip_files({"main.edsl": SOURCE, "params.toml": b'zip = "010"\nn = 10\n[options]\nrate = 0.5\nname = "NO"\n'})
    assert params(Content(toml), "uploads/me/p.zip") == wanted
    assert params(Content(SOURCE, sibling=text)) == wanted
    assert params(Content(SOURCE, {"params": text.decode()})) == wanted
    several = {"param-zip": "010", "param-n": "010", "param-options": "{rate: 0.5, name: NO}"}
    assert params(Content(SOURCE, several)) == wanted


def test_later_ones_stand() -> None:
    bundle = zip_files({"main.edsl": SOURCE, "params.yaml": b"zip: a\nn: 2\n"})
    content = Content(bundle, {"params": "n: 3", "param-n": "4"}, b"zip: b\n")
    assert params(content, "uploads/me/p.zip") == {"zip": "b", "n": 4, "options": {"rate": 1.0, "name": "fast"}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (Content(SOURCE, sibling=b"\nzip: 1\nn: 0x1\n", sibling_name="p.params.yaml"), "error: p.params.yaml:3: parameter `n`"),
        (Content(SOURCE, {"param-zip": "1", "param-n": "yes"}), "error: the metadata `param-n`: parameter `n` must be Int"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(content: Content, said: str) -> None:
    with pytest.raises(Refused) as refused:
        params(content)
    assert said in str(refused.value)
