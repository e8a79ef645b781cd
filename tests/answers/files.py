"""Files and folders are to the next task what they were to the one that made them; what cannot be, is refused there."""

from __future__ import annotations

from tests.answers.answer import Answer, indented, one


def _handed(name: str, kind: str, make: str, look: str, outputs: dict[str, object], types: str) -> Answer:
    """`make` gives the output `it` in Python, `look` reads the input `it`, in Python too."""
    names = [each.split(":")[0] for each in types.split(", ")]
    return Answer(
        name,
        f"task make() -> (it: {kind}):\n    timeout = 30s\n    run python:\n{indented(make)}\n"
        f"task look(it: {kind}) -> ({types}):\n    timeout = 30s\n    run python:\n{indented(look)}\n"
        f"pipeline main() -> ({types}):\n    a = make()\n    b = look(a.it)\n"
        f"    return {', '.join(f'{each} = b.{each}' for each in names)}\n",
        outputs,
    )


def _refused(name: str, kind: str, body: str, *said: str, language: str = "shell") -> Answer:
    return Answer(
        name, one(f"it: {kind}", body, language, settings="timeout = 30s"), said=("output `it` should be", *said)
    )


_ODD = ["--help", "a\\b", "a\nb", "caf\u00e9", "cafe\u0301", " ", "$HOME", "*", "n" * 255, ".dot", "A", "a"]
_MAKE_ODD = f"""
import os
os.makedirs("kept/nothing here/below")
for name in {_ODD!r}:
    with open("kept/" + name, "w") as file:
        file.write(name)
with open(b"kept/\\xff\\xfe", "w") as file:
    file.write("bytes")
os.link("kept/A", "kept/same")
os.symlink("A", "kept/link")
os.symlink("missing", "kept/dangling")
os.symlink("loop", "kept/loop")
it = "kept"
"""
_LOOK_ODD = """
import os
names = sorted(n for n in os.listdir(it) if n.isprintable() or n == "a\\nb")
whole = all((it / n).read_text() == n for n in names if n not in ("same", "link", "dangling", "loop", "nothing here"))
rest = [(it / os.fsdecode(b"\\xff\\xfe")).read_text(), (it / "same").read_text(), os.readlink(it / "link"),
        os.readlink(it / "dangling"), os.readlink(it / "loop"), str(os.listdir(it / "nothing here"))]
"""
_ZIPPED = """
import os, zipfile
with zipfile.ZipFile("all.zip", "w") as archive:
    for root, folders, files in os.walk(it):
        for each in (*folders, *files):
            archive.write(os.path.join(root, each), each)
with zipfile.ZipFile("all.zip") as archive:
    years = sorted({each.date_time[0] for each in archive.infolist()})
"""
_TIMES = (
    "import os\ntimes = sorted({int(os.lstat(os.path.join(r, n)).st_mtime) for r, d, f in os.walk(it) for n in d + f})"
)
_PROGRAM = """task build() -> (tool: File, plain: File):
    run shell:
        printf '#!/bin/sh\\necho "it runs: $1"\\n' | tee "$OUT/plain" > "$OUT/tool"
        chmod +x "$OUT/tool"

task use(tool: File, plain: File) -> (said: String, modes: String):
    run shell:
        "$tool" now > "$OUT/said"
        [ -x "$tool" ] && [ ! -x "$plain" ] && echo kept > "$OUT/modes"

pipeline main() -> (said: String, modes: String):
    a = build()
    b = use(a.tool, a.plain)
    return said = b.said, modes = b.modes
"""

ANSWERS = (
    _handed("names of every kind", "Dir", _MAKE_ODD, _LOOK_ODD,
            {"names": sorted([*_ODD, "same", "link", "dangling", "loop", "nothing here"]), "whole": True,
             "rest": ["bytes", "A", "A", "missing", "loop", "['below']"]}, "names: List[String], whole: Bool, rest: List[String]"),
    _handed("a file named like an option", "File", "open('-rf', 'w').close()\nit = '-rf'",
            "name, size = it.name, it.stat().st_size", {"name": "-rf", "size": 0}, "name: String, size: Int"),
    _handed("a file whose name has a newline and an accent apart", "File", "open('e\\u0301\\n', 'w').close()\nit = 'e\\u0301\\n'",
            "name = it.name", {"name": "e\u0301\n"}, "name: String"),
    _handed("a file behind a link", "File", "import os\nwith open('real', 'w') as file:\n    file.write('there')\n"
            "os.symlink('real', 'link')\nit = 'link'", "name, text = it.name, it.read_text()", {"name": "link", "text": "there"},
            "name: String, text: String"),
    _handed("the folder where the task stands", "Dir", "open('one', 'w').close()\nit = '.'",
            "import os\nname, has = it.name, os.listdir(it)", {"name": "it", "has": ["one"]}, "name: String, has: List[String]"),
    _handed("an archive of a folder", "Dir", "import os\nos.makedirs('t/u')\nopen('t/u/x', 'w').close()\nos.utime('t/u/x', (0, 0))\nit = 't'",
            _ZIPPED, {"years": [2000]}, "years: List[Int]"),
    _handed("an archive of a file", "File", "import os\nopen('x', 'w').close()\nos.utime('x', (0, 0))\nit = 'x'",
            "import zipfile\nwith zipfile.ZipFile('z', 'w') as archive:\n    archive.write(it)\n    years = [archive.infolist()[0].date_time[0]]",
            {"years": [2000]}, "years: List[Int]"),
    _handed("times of all that is in a folder", "Dir", "import os\nos.makedirs('t/u')\nopen('t/u/x', 'w').close()\n"
            "os.symlink('u', 't/l')\nit = 't'", _TIMES, {"times": [946_684_800]}, "times: List[Int]"),
    _handed("permissions within a folder", "Dir", "import os\nos.mkdir('t')\nfor name, mode in (('run', 0o4711), ('secret', 0o600)):\n"
            "    open('t/' + name, 'w').close()\n    os.chmod('t/' + name, mode)\nit = 't'",
            "modes = [oct((it / name).stat().st_mode & 0o7777) for name in ('run', 'secret')]",
            {"modes": ["0o755", "0o644"]}, "modes: List[String]"),
    _handed("more files than are copied", "Dir", "import os\nos.mkdir('t')\nfor i in range(1200):\n    open(f't/{i}', 'w').close()\nit = 't'",
            "n = len(list(it.iterdir()))", {"n": 1200}, "n: Int"),
    Answer("a program that a task has built", _PROGRAM, {"said": "it runs: now", "modes": "kept"}),
    _refused("a pipe", "File", 'mkfifo "$OUT/it"', "it is a FIFO"),
    _refused("a pipe deep inside", "Dir", 'mkdir -p "$OUT/it/a/b/c"\nmkfifo "$OUT/it/a/b/c/queue"', "a/b/c/queue is a FIFO"),
    _refused("a pipe behind a link", "File", 'mkfifo queue\nln -s "$PWD/queue" "$OUT/it"', "it is a FIFO"),
    _refused("a socket inside", "Dir", "import os, socket\nos.mkdir('t')\nsocket.socket(socket.AF_UNIX).bind('t/door')\nit = 't'",
             "door is a socket", language="python"),
    _refused("a link out of the folder", "Dir", 'mkdir "$OUT/it"\nln -s /etc/passwd "$OUT/it/users"', "users is a link to /etc/passwd"),
    _refused("a link that climbs out", "Dir", 'mkdir -p "$OUT/it/a"\nln -s ../../other "$OUT/it/a/up"', "a/up is a link to ../../other"),
    _refused("a device", "File", "it = '/dev/null'", "null is a device", language="python"),
    _refused("a file whose name is no text", "File", "import os\nopen(b'\\xff', 'w').close()\nit = os.fsdecode(b'\\xff')",
             "not Unicode text", language="python"),
    _refused("a path whose name is no text", "Dir", "import os, pathlib\nos.mkdir(b'\\xff')\nit = pathlib.Path(os.fsdecode(b'\\xff'))",
             "no Unicode text", language="python"),
    _refused("a name that is too long", "File", "it = 'x' * 5000", "too long", language="python"),
    _refused("no such file", "File", "it = 'model.bin'", "there is no file model.bin", language="python"),
    _refused("a pipe whose name is no text", "Dir", "mkdir \"$OUT/it\"\nmkfifo \"$OUT/it/\"$'p\\xff'", 'is a FIFO'),
    _refused("a folder around the task", "Dir", "it = '..'", "is around the folder where the task stands", language="python"),
    Answer("nothing written", one("it: File", "echo done"), said=("output `it` is missing", "nothing else was written to $OUT")),
    Answer("written under a name that cannot be seen", one("it: Int", "echo 1 > \"$OUT/\"$'it\\r'"), said=("output `it` is missing", '"it\\r"')),
)  # fmt: skip
