"""Bundles: what a .zip may hold."""

import io
import stat
import zipfile

import pytest
from econda_edsl.compiler.modules import bundle
from econda_edsl.compiler.modules.bundle import BundleError, read_bundle
from econda_edsl.parameters.files import BadParams, read_params
from econda_edsl.parameters.given import Given


def pack(files: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_a_bundle_is_read() -> None:
    files = {"flow.edsl": "edsl 1\n", "lib/a.py": "x = 1\n", "params.yaml": "n: 3\nday: 2026-01-31\n", ".DS_Store": "x"}
    found = read_bundle(pack(files))
    assert found.source_path == "flow.edsl"
    assert found.source == b"edsl 1\n"
    assert found.files == {"lib/a.py": b"x = 1\n"}
    assert found.params["n"] == Given("3", "params.yaml:1")


def test_a_preferred_name_wins() -> None:
    assert read_bundle(pack({"a.edsl": "", "main.edsl": "m"})).source == b"m"
    assert read_bundle(pack({"main.edsl": "", "pipeline.edsl": "p"})).source == b"p"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.py": ""}, "no .edsl file at its top"),
        ({"x/a.edsl": ""}, "lies in a folder"),
        ({"a.edsl": "", "b.edsl": ""}, "2 .edsl files"),
        ({"a.edsl": "", "../b.py": ""}, "leaves the bundle"),
        ({"a.edsl": "", "/b.py": ""}, "leaves the bundle"),
        ({"a.edsl": "", "x/../b.py": ""}, "leaves the bundle"),
        ({"a.edsl": "", "C:/b.py": ""}, "leaves the bundle"),
        ({"a.edsl": "", "x\\b.py": ""}, "leaves the bundle"),
        ({"a.edsl": "", "B.py": "", "b.py": ""}, "one file on some systems"),
        ({"a.edsl": "", "x\n.py": ""}, "not usable"),
        ({"a.edsl": "", "params.yaml": "- 1"}, "must be a mapping"),
        ({"a.edsl": "", "params.yaml": "a: [1"}, "not valid YAML"),
        ({"a.edsl": "", "params.yaml": b"\xff\xfe"}, "not UTF-8"),
        ({"a.edsl": "", "params.yaml": "a: !!python/object/apply:os.getcwd []"}, "not valid YAML"),
        ({"a.edsl": "", "big.bin": bytes(5 * 2**20)}, "zip bomb"),
    ],
)
def test_a_bad_bundle_is_refused(files: dict[str, bytes | str], message: str) -> None:
    with pytest.raises(BundleError, match=message):
        read_bundle(pack(files))


def test_a_link_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.edsl", "")
        info = zipfile.ZipInfo("link.py")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(BundleError, match="link or device"):
        read_bundle(out.getvalue())


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BundleError, match="1,002 files"):
        read_bundle(pack({f"{i}.py": "" for i in range(1001)} | {"a.edsl": ""}))
    monkeypatch.setattr(bundle, "BYTES_MOST", 100)
    with pytest.raises(BundleError, match="expands to more than"):
        read_bundle(pack({"a.edsl": "", "x.py": "y" * 60, "z.py": "y" * 60}))


# A zip has the time in it, which may differ between the processes that collect the tests: it must not become a name.
@pytest.mark.parametrize(
    "data", [b"", b"PK", b"edsl 1\n", pack({"a.edsl": "edsl 1"})[:40]], ids=["empty", "PK", "text", "half a zip"]
)
def test_not_a_zip(data: bytes) -> None:
    with pytest.raises(BundleError):
        read_bundle(data)


def test_a_lying_size_or_a_damaged_entry_is_refused() -> None:
    data = bytearray(pack({"a.edsl": "edsl 1\n" * 100}))
    start = data.index(b"a.edsl") + 6
    data[start + 2] ^= 0xFF
    with pytest.raises(BundleError):
        read_bundle(bytes(data))


def test_an_encrypted_entry_is_refused() -> None:
    data = bytearray(pack({"a.edsl": "edsl 1\n"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(BundleError, match="encrypted"):
        read_bundle(bytes(data))


def test_yaml_aliases_are_refused() -> None:
    with pytest.raises(BadParams, match="aliases"):
        read_params(b"a: &x [1]\nb: *x\n")
    assert read_params(b"") == {}
