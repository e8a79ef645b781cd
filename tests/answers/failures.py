"""What failed says why, in the words that help."""

from __future__ import annotations

from tests.answers.answer import Answer, one

_LONG = """task make(n: Int) -> (names: List[String]):
    run python:
        names = ["a name that is rather long"] * n

task use(names: List[String]) -> (n: Int):
    run shell:
        echo "${#names}" > "$OUT/n"

pipeline main() -> (n: Int):
    a = make(20_000)
    b = use(a.names)
    return n = b.n
"""
_NUL = """task make() -> (text: String):
    run python:
        text = "a\\0b"

task use(text: String) -> (n: Int):
    run shell:
        echo "${#text}" > "$OUT/n"

pipeline main() -> (n: Int):
    a = make()
    b = use(a.text)
    return n = b.n
"""
_MANY = """task one(i: Int) -> (y: Int):
    run python:
        assert i != 17, f"no record {i}"
        y = i

pipeline main() -> (n: Int):
    m = foreach i in 1..40 with parallel = 4:
        t = one(i)
        gather t.y
    return n = len(m.done)
"""


def _fails(name: str, body: str, *said: str, language: str = "shell") -> Answer:
    return Answer(name, one("o: Int", body, language), said=said)


ANSWERS = (
    Answer("last words behind a progress bar", one("", "for i in 1 2 3 4 5 6 7 8 9; do printf '\\rfetched %s of 9 parts' $i; done\n"
           "printf '\\rno space left for the rest'\nexit 7"), said=("exited with code 7", "its last words: no space left for the rest")),
    _fails("last words before empty lines", "echo 'Error: no such column' >&2\nprintf '\\n\\n \\n'\nexit 2",
           "exited with code 2", "Error: no such column"),
    _fails("a pipe that had read enough", "yes | head -n 1 > \"$OUT/o\"", "141", "SIGPIPE", "set +o pipefail"),
    _fails("a pipe of numbers that had read enough", "seq 1000000 | sed 1q > \"$OUT/o\"", "141", "set +o pipefail"),
    Answer("a list too long for a variable", _LONG, said=("`$names` was not set", "131,072", "$names_file")),
    Answer("text that no variable can hold", _NUL, said=("`text`", "a zero byte", "run python")),
    _fails("a program that is not there", "no-such-program", "127", "not installed", "no-such-program"),
    _fails("an exception", "o = {}['key']", "KeyError: 'key'", "p.edsl", "line 5", language="python"),
    _fails("a module that is not there", "import no_such_module\no = 1", "No module named 'no_such_module'", language="python"),
    _fails("input that nobody gives", "o = int(input())", "EOFError", language="python"),
    _fails("an exit in the middle", "import os\nos._exit(0)\no = 1", "exited with code 0", language="python"),
    _fails("a crash", "import ctypes\nctypes.string_at(0)\no = 1", "SIGSEGV", language="python"),
    _fails("a folder of outputs that is gone", "cd /\nrm -r \"$OUT\"", "output `o` is missing; nothing else was written to $OUT"),
    _fails("a file in place of the folder of outputs", "rmdir \"$OUT\"\necho 1 > \"$OUT\"", "output `o` is missing"),
    Answer("one of many", _MANY, said=("1 of 40 members failed", "main/m[16]/t", "no record 17")),
)  # fmt: skip
