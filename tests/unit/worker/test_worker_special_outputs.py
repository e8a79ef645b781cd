"""What cannot be kept is refused where it was made."""

import pytest
from econda_edsl.plan import Inline

SPECIAL = {
    "fifo": ('mkfifo "$OUT/o"', "File", "o is a FIFO"),
    "fifo for text": ('mkfifo "$OUT/o"', "String", "not a file"),
    "fifo in a tree": ('mkdir -p "$OUT/o/sub"; mkfifo "$OUT/o/sub/pipe"', "Dir", "sub/pipe is a FIFO"),
    "socket": ("cd \"$OUT\"; python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('o')\"", "File", "a socket"),
    "link out of a tree": ('mkdir "$OUT/o"; ln -s ../../secret "$OUT/o/l"', "Dir", "l is a link to ../../secret, out of"),
    "link out from below": ('mkdir -p "$OUT/o/a/b"; ln -s ../../../x "$OUT/o/a/b/l"', "Dir", "a/b/l is a link to"),
    "absolute link in a tree": ('mkdir "$OUT/o"; ln -s /etc/passwd "$OUT/o/l"', "Dir", "l is a link to /etc/passwd"),
    "device": ('ln -s /dev/zero "$OUT/o"', "File", "o is a device"),
    "dangling link": ('ln -s nowhere "$OUT/o"', "File", "a link to nowhere, which is not there"),
    "directory for a file": ('mkdir "$OUT/o"', "File", "o is a directory"),
    "file for a directory": ('touch "$OUT/o"', "Dir", "o is a file"),
    "text that is none": ("printf 'caf\\351' > \"$OUT/o\"", "String", "no UTF-8 text: byte 0xe9 at 3"),
    "numbers that are none": ("printf '\\377' > \"$OUT/o\"", "List[Int]", "no UTF-8 text"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "said"), SPECIAL.values(), ids=SPECIAL)
def test_it_is_a_bad_output_and_says_why(go, body, kind, said):
    [report] = go(Inline(language="shell", body=body), outputs={"o": kind}, timeout_ms=20_000)
    assert report.failure == "bad_output", report
    assert said in report.message


def test_links_within_a_tree_are_kept(go):
    body = 'mkdir -p "$OUT/o/a"; touch "$OUT/o/x"; ln -s ../x "$OUT/o/a/up"; ln -s nowhere "$OUT/o/dangling"'
    [made] = go(Inline(language="shell", body=body), outputs={"o": "Dir"})
    look = "import os\nseen = [os.readlink(o / 'a/up'), os.readlink(o / 'dangling')]"
    [report] = go(look, made.outputs, inputs={"o": "Dir"}, outputs={"seen": "List[String]"})
    assert report.outputs["seen"] == ["../x", "nowhere"]


def test_an_enum_is_its_value(go):
    body = """
from enum import Enum, IntEnum
class Colour(str, Enum):
    RED = "red"
class Plain(Enum):
    ONE = 1
class Level(IntEnum):
    HIGH = 3
s, n, level, names, many = Colour.RED, Plain.ONE, Level.HIGH, {Colour.RED: Plain.ONE}, [Colour.RED]
"""
    outputs = {"s": "String", "n": "Int", "level": "Int", "names": "Map[String, Int]", "many": "List[String]"}
    [report] = go(body, outputs=outputs)
    assert report.outputs == {"s": "red", "n": 1, "level": 3, "names": {"red": 1}, "many": ["red"]}
