"""Code is read as its own language reads it, whatever stands around it."""

from __future__ import annotations

from tests.answers.answer import Answer, one

_SCRIPT = "task t(who: String) -> (text: String):\n    run {}\n\npipeline main(who: String = \"Eve\") -> (text: String):\n    a = t(who)\n    return text = a.text\n"  # fmt: skip


def _script(name: str, run: str, files: dict[str, str | bytes], text: str) -> Answer:
    return Answer(name, _SCRIPT.format(run), {"text": text}, files=files)


ANSWERS = (
    _script("a program with a mark of byte order", 'python "hello.py"', {"hello.py": b'\xef\xbb\xbftext = "hello " + who\n'}, "hello Eve"),
    _script("a function with a mark of byte order and Windows lines", 'python "hello.py:greet"',
            {"hello.py": b'\xef\xbb\xbfdef greet(who):\r\n    return {"text": "hello " + who}\r\n'}, "hello Eve"),
    _script("a module with a mark of byte order", 'python "hello.py:greet"',
            {"hello.py": "from words import word\n\ndef greet(who):\n    return word + who\n", "words.py": b'\xef\xbb\xbfword = "hello "\n'},
            "hello Eve"),
    _script("a program that says how it is encoded", 'python "hello.py"',
            {"hello.py": '# coding: latin-1\ntext = "h\xe9llo " + who\n'.encode("latin-1")}, "h\xe9llo Eve"),
    _script("a script of a shell with Windows lines", 'shell "hello.sh"',
            {"hello.sh": b'greeting=hello\r\nprintf "%s %s" "$greeting" "$who" > "$OUT/text"\r\n'}, "hello Eve"),
    _script("a script of a shell with a mark of byte order", 'shell "hello.sh"',
            {"hello.sh": b'\xef\xbb\xbfprintf "hello %s" "$who" > "$OUT/text"\n'}, "hello Eve"),
    Answer("equal calls of one run", "task t(x: Int) -> (y: Int):\n    run python:\n        y = x * 3\n\n"
           "pipeline main() -> (one: Int, two: Int):\n    a = t(5)\n    b = t(5)\n    return one = a.y, two = b.y\n", {"one": 15, "two": 15}),
    Answer("inputs with names of the interpreter", one("o: Int", "o = int(print) + id + sum", "python",
           inputs="print: Int = 1, id: Int = 2, sum: Int = 3"), {"o": 6}),
    Answer("inputs with names of commands", one("o: Int", "o=$((test + path + out))\n[ \"$test\" = 1 ]\necho \"$o\" > \"$OUT/o\"",
           inputs="test: Int = 1, path: Int = 2, out: Int = 3"), {"o": 6}),
)  # fmt: skip
