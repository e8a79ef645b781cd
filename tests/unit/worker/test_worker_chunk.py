"""Attempts as processes: what each way of ending reports, and that none harms the next."""

import os
import tarfile

import pytest
from econda_edsl.plan import Entry, Inline

from econda_cloud.wire.entries import Entry as Entry_
from econda_cloud.wire.entries import encode_entry
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded


def shell(body):
    return Inline(language="shell", body=body)


def test_success_with_typed_inputs(go):
    body = "import datetime as d\nassert isinstance(w, d.timedelta) and isinstance(day, d.date) and at.tzinfo\ny = x + 1\nz = w * 2\nnext_day = day + w"
    [report] = go(body, {"x": 1, "w": 86_400_000, "day": "2026-01-31", "at": "2026-01-31T12:00:00Z"},
                  inputs={"x": "Int", "w": "Duration", "day": "Date", "at": "Instant"},
                  outputs={"y": "Int", "z": "Duration", "next_day": "Date"})  # fmt: skip
    assert isinstance(report, AttemptSucceeded), report
    assert report.outputs == {"y": 2, "z": 172_800_000, "next_day": "2026-02-01"}
    assert 0 < report.started_ms <= report.ended_ms


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("x = 1\nif i == 0:\n    raise ValueError('no')\nok = 1", "failed", 'ValueError: no\n  File "<task t>", line 3'),
        ("import sys\nok = 1\nif i == 0: sys.exit(3)", "failed", "exited with code 3"),
        ("import os\nok = 1\nif i == 0: os._exit(4)", "failed", "exited with code 4"),
        ("import os\nok = 1\nif i == 0: os.kill(os.getpid(), 9)", "failed", "killed by signal SIGKILL"),
        ("ok = 1\nif i == 0: b = bytearray(600 << 20)", "out_of_memory", "MemoryError"),
        ("import time\nok = 1\nif i == 0: time.sleep(60)", "timed_out", "timed out after 700 ms"),
        ("if i: ok = 1\nelse: okk = 1", "bad_output", "output `ok` is missing; did you mean `okk`?"),
        ("if i: ok = 1\nelse: other = 1", "bad_output", "output `ok` is missing; assigned instead: other"),
        ("ok = 1 if i else 'one'", "bad_output", 'output `ok` should be Int, but it is String ("one")'),
        ("ok = 1 if i else object()", "bad_output", "output `ok` should be Int, but it is a Python object"),
        ("import sys\nok = 1\nif i == 0: sys.stdout.close(); ok = ''\nelse: print(1)", "bad_output", "should be Int"),
        ("import os\nok = 1\nif i == 0 and os.fork() == 0: raise ValueError\nif i == 0: os._exit(5)", "failed", "code 5"),
    ],
)  # fmt: skip
def test_a_failing_item_harms_no_other(go, body, kind, message):
    bad, good = go(
        body, {"i": 0}, {"i": 1}, inputs={"i": "Int"}, outputs={"ok": "Int"}, timeout_ms=700, memory=400 << 20
    )
    assert isinstance(bad, AttemptFailed)
    assert bad.failure == kind
    assert message in bad.message
    assert isinstance(good, AttemptSucceeded), good


def test_a_syntax_error_names_the_line(go):
    [report] = go("x = 1\ny = = 2")
    assert 'File "<task t>", line 2' in report.message


@pytest.mark.parametrize("code", [
    "import sys\nfor _ in range(1600): sys.stdout.write('x' * 65536)\nprint('the end')",
    shell("head -c 104857600 /dev/zero; echo the end"),
])  # fmt: skip
def test_a_flood_of_output_is_cut(go, code):
    [report] = go(code)
    assert isinstance(report, AttemptSucceeded), report
    with open(report.log, "rb") as file:
        text = file.read()
    assert len(text) < 330_000
    assert b"bytes cut" in text
    assert text.endswith(b"the end\n")


def test_invalid_utf8_is_harmless(go):
    [report] = go("import os\nos.write(1, b'\\xff\\xfe\\n')\nprint('\\udcff')")
    assert isinstance(report, AttemptSucceeded), report


def test_file_output_is_input_of_the_next(go):
    [first] = go("from pathlib import Path\nf = Path('a.txt')\nf.write_text('hello')\nd = Path('d')\nd.mkdir()\n(d / 'b').write_text('b')",
                 outputs={"f": "File", "d": "Dir"})  # fmt: skip
    about = first.outputs["f"]["$artifact"]
    assert (about["kind"], about["name"], about["size"]) == ("File", "a.txt", 5)
    [second] = go("n = f.read_text() + (d / 'b').read_text()", first.outputs, inputs={"f": "File", "d": "Dir"},
                  outputs={"n": "String"})  # fmt: skip
    assert second.outputs == {"n": "hellob"}
    [hidden] = go("from pathlib import Path\nf = Path('.lock')\nf.write_text('x')", outputs={"f": "File"})
    [found] = go("n = f.read_text()", hidden.outputs, inputs={"f": "File"}, outputs={"n": "String"})
    assert found.outputs == {"n": "x"}
    [third] = go(shell('cat "$f" "$d/b" > "$OUT/n"'), first.outputs, outputs={"n": "String"})
    assert third.outputs == {"n": "hellob"}


def test_entry_points(go, blobs, tmp_path):
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "help.py").write_text("K = 2\n")
    (tmp_path / "pkg" / "code.py").write_text(
        "from pkg.help import K\ndef f(x):\n    return x * K\ndef g(x):\n    return x, 'b'\ndef h(x):\n    1 / 0\n"
    )
    (tmp_path / "run.sh").write_text('echo $((x + 1)) > "$OUT/y"\n')
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        tar.add(tmp_path / "pkg", "pkg")
        tar.add(tmp_path / "run.sh", "run.sh")
    blobs.put_file("bundle", tmp_path / "b.tar")

    def entry(function, outputs, **kw):
        kw = {"language": "python", "path": "pkg/code.py", **kw}
        return go(Entry(function=function, **kw), {"x": 4}, inputs={"x": "Int"}, outputs=outputs, bundle="bundle")[0]

    assert entry("f", {"y": "Int"}).outputs == {"y": 8}
    assert entry("g", {"y": "Int", "z": "String"}).outputs == {"y": 4, "z": "b"}
    assert "pkg/code.py" in entry("h", {}).message
    assert entry("", {"y": "Int"}, language="shell", path="run.sh").outputs == {"y": 5}


def test_cancelled_before_it_starts(go):
    bad, good = go("", {}, {}, cancelled=lambda item: item == ("t[0]", 1))
    assert (bad.failure, bad.message) == ("preempted", "cancelled")
    assert isinstance(good, AttemptSucceeded)


def test_records_and_markers_survive(go):
    [report] = go("m = {'$path': 'x'}\nr = {'a': 1, 'w': w}\no = None", {"w": 5}, inputs={"w": "Duration"},
                  outputs={"m": "Map[String, String]", "r": "R", "o": "Int?"}, types={"R": {"a": "Int", "w": "Duration"}})  # fmt: skip
    assert report.outputs == {"m": {"$path": "x"}, "r": {"a": 1, "w": 5}, "o": None}


def test_reports_are_json_whatever_the_attempt_says(go):
    [odd] = go("raise ValueError('\\udcff')")
    [text] = go("s = '\\udcff'", outputs={"s": "String"})
    [big] = go("n = 10 ** 5000", outputs={"n": "Int"})
    [infinite] = go("n = float('inf')", outputs={"n": "Float"})
    [lone] = go(shell("echo '[\"\\ud800\"]' > $OUT/n"), outputs={"n": "List[String]"})
    assert [r.failure for r in (odd, text, big, infinite, lone)] == ["failed"] + ["bad_output"] * 4
    for report in (odd, text, big, infinite, lone):
        encode_entry(Entry_(engine=1, now=1, events=(report,)))


def test_what_an_attempt_leaves_running_ends_with_it(go):
    body = "import subprocess\npid = subprocess.Popen(['sleep', '60']).pid"
    [report] = go(body, outputs={"pid": "Int"})
    with pytest.raises(ProcessLookupError):
        os.kill(report.outputs["pid"], 0)


def test_cancelled_while_it_runs(go):
    asked = []
    [report] = go("import time\ntime.sleep(60)", cancelled=lambda item: asked.append(item) or len(asked) > 1)
    assert (report.failure, report.message) == ("preempted", "cancelled")


def test_large_values_pass(go):
    [report] = go("b = a * 2", {"a": "x" * 2_000_000}, inputs={"a": "String"}, outputs={"b": "String"})
    assert len(report.outputs["b"]) == 4_000_000
