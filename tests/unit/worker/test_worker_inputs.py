"""What one attempt does to its inputs, no other one sees."""

import os

import pytest
from econda_edsl.plan import Inline

from econda_cloud.worker.data import inputs as inputs_module
from econda_cloud.worker.data import private
from econda_cloud.worker.data.artifacts import keep_in, store


@pytest.fixture
def given(tmp_path, blobs):
    """A file and a folder as artifacts."""
    (tmp_path / "made" / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "made" / "data.txt").write_text("one\n")
    (tmp_path / "made" / "tree" / "x").write_text("one\n")
    (tmp_path / "made" / "tree" / "sub" / "run.sh").write_text("true\n")
    (tmp_path / "made" / "tree" / "sub" / "run.sh").chmod(0o755)
    (tmp_path / "made" / "tree" / "link").symlink_to("sub/run.sh")
    keep = keep_in(blobs, "n")
    made = tmp_path / "made"
    return {"f": store(keep, made / "data.txt", "File", tmp_path), "d": store(keep, made / "tree", "Dir", tmp_path)}


INPUTS, SEEN = {"f": "File", "d": "Dir", "i": "Int"}, {"seen": "List[String]"}
LOOK = "seen = [f.read_text(), *sorted(str(p.relative_to(d)) + ':' + (p.read_text() if p.is_file() else '') for p in d.rglob('*'))]"
CHANGES = {
    "appended to": "f.chmod(0o644); open(f, 'a').write('two')\nopen(d / 'x', 'a').write('two')",
    "replaced": "import os\nopen('new', 'w').write('two'); os.replace('new', f)\nopen('new', 'w').write('t'); os.replace('new', d / 'x')",
    "removed": "import shutil, os\nos.unlink(f); shutil.rmtree(d)",
    "added to": "open(f.parent / 'beside', 'w').write('x'); open(d / 'new', 'w').write('x')",
    "renamed": "import os\nos.rename(f, f.parent / 'y'); os.rename(d / 'sub', d / 'bus')",
    "changed with the time put back": "import os\ns = os.stat(f); f.chmod(0o644); open(f, 'r+').write('O'); os.utime(f, ns=(s.st_atime_ns, s.st_mtime_ns))",
    "linked": "import os\nos.link(f, 'mine'); os.chmod('mine', 0o644); open('mine', 'a').write('two')",
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_next_attempt_sees_what_was_made(go, given, change):
    inner = "\n".join(f"    {line}" for line in change.splitlines())
    body = f"if i == 0:\n{inner}\n    seen = []\nelse:\n    {LOOK}"
    [fresh] = go(LOOK, {**given, "i": 1}, inputs=INPUTS, outputs=SEEN)
    assert fresh.outputs["seen"][0] == "one\n"
    first, same_chunk = go(body, {**given, "i": 0}, {**given, "i": 1}, inputs=INPUTS, outputs=SEEN)
    [other_chunk] = go(body, {**given, "i": 1}, inputs=INPUTS, outputs=SEEN)
    assert first.outputs == {"seen": []}
    assert same_chunk.outputs == other_chunk.outputs == fresh.outputs


def test_a_tree_comes_back_with_sane_times_modes_and_links(go, given):
    body = """
import os
def of(p): return oct(os.lstat(p).st_mode & 0o777)
seen = [of(d / "x"), of(d / "sub"), of(d / "sub/run.sh"), os.readlink(d / "link"), str({int(os.stat(p).st_mtime) for p in [f, d, *d.rglob("*")]})]
"""
    [report] = go(body, {**given, "i": 0}, inputs=INPUTS, outputs=SEEN)
    assert report.outputs["seen"] == ["0o644", "0o755", "0o755", "sub/run.sh", "{946684800}"]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_who_changes_what_is_too_large_for_a_copy_fails(go, given, change, monkeypatch):
    monkeypatch.setattr(private, "COPY_MOST", 0)
    inner = "\n".join(f"    {line}" for line in change.splitlines())
    body = f"if i == 0:\n{inner}\n    seen = []\nelse:\n    {LOOK}"
    [fresh] = go(LOOK, {**given, "i": 1}, inputs=INPUTS, outputs=SEEN)
    first, same_chunk = go(body, {**given, "i": 0}, {**given, "i": 1}, inputs=INPUTS, outputs=SEEN)
    assert first.failure == "failed"
    assert "inputs are for reading" in first.message or os.getuid()
    assert same_chunk.outputs == fresh.outputs


def test_a_copy_is_used_again_as_long_as_nobody_changes_it(go, given, monkeypatch):
    made = []
    copy = private.copy_private
    monkeypatch.setattr(inputs_module, "copy_private", lambda *a: made.append(a) or copy(*a))
    go(LOOK, *[{**given, "i": i} for i in range(5)], inputs=INPUTS, outputs=SEEN)
    assert len(made) == 2


def test_an_input_is_handed_on_as_it_is(go, given, blobs):
    shell = Inline(
        language="shell", body='cp "$f" "$OUT/g"; chmod u+w "$OUT/g"; echo two >> "$OUT/g"; ln -s "$f" "$OUT/h"'
    )
    [report] = go(shell, {**given, "i": 0}, inputs=INPUTS, outputs={"g": "File", "h": "File"})
    about = {name: report.outputs[name]["$artifact"] for name in "gh"}
    assert blobs.get(about["g"]["key"]) == b"one\ntwo\n"
    assert about["h"]["sha256"] == given["f"]["$artifact"]["sha256"]


def test_every_attempt_of_a_chunk_may_change_its_own_copy(go, given):
    body = "f.chmod(0o644); open(f, 'a').write('two')\nopen(d / 'x', 'a').write('two')\nseen = [f.read_text(), (d / 'x').read_text()]"
    for report in go(body, *[{**given, "i": i} for i in range(4)], inputs=INPUTS, outputs=SEEN):
        assert report.outputs == {"seen": ["one\ntwo", "one\ntwo"]}


def test_files_of_one_content_and_several_names_are_fetched_once_each(go, tmp_path, blobs, monkeypatch):
    keep = keep_in(blobs, "n")
    values = {}
    for name in ("a", "b", ".stamp", "c"):
        (tmp_path / name).write_text("same")
        values[name.strip(".")] = store(keep, tmp_path / name, "File", tmp_path)
    fetched = []
    get = blobs.get_file
    monkeypatch.setattr(blobs, "get_file", lambda key, path: fetched.append(key) or get(key, path))
    for _ in range(3):
        [report] = go("seen = [p.name + p.read_text() for p in (a, b, stamp, c)]", values,
                      inputs=dict.fromkeys(values, "File"), outputs=SEEN)  # fmt: skip
        assert report.outputs["seen"] == ["asame", "bsame", ".stampsame", "csame"]
    assert len(fetched) == 4
