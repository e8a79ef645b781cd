"""A value is what the task made, exactly, or the attempt has failed and says what it was."""

from __future__ import annotations

from tests.answers.answer import Answer, one

_ENUMS = """task pick() -> (level: String, many: List[String], by: Map[String, Int], mask: Int):
    run python:
        from enum import Enum, IntFlag, StrEnum, auto
        class Level(str, Enum):
            LOW = "low"
        class Side(StrEnum):
            LEFT = auto()
        class Bits(IntFlag):
            A = 1
            B = 2
        level, many, by, mask = Level.LOW, [Side.LEFT, Level.LOW], {Level.LOW: Bits.B}, Bits.A | Bits.B

pipeline main() -> (level: String, many: List[String], by: Map[String, Int], mask: Int):
    a = pick()
    return level = a.level, many = a.many, by = a.by, mask = a.mask
"""
_SUBCLASSES = """
class Name(str):
    def __str__(self):
        return "shown"
class Count(int):
    def __int__(self):
        return 99
class Share(float):
    def __float__(self):
        return 9.9
name, count, share = Name("meant"), Count(3), Share(0.5)
"""
_NUMBERS = "low, high, tiny, most, minus = -2**63, 2**63 - 1, 5e-324, 1.7976931348623157e308, str(-0.0)"
_MAP = "task t() -> (m: Map[String, Int]):\n    run {}:\n        {}\n\npipeline main() -> (m: Map[String, Int]):\n    a = t()\n    return m = a.m\n"  # fmt: skip


def _mapped(
    name: str, body: str, outputs: dict[str, int] | None = None, said: str = "", language: str = "python"
) -> Answer:
    given = {} if outputs is None else {"m": outputs}
    return Answer(name, _MAP.format(language, body), given, said=(said,) if said else ())


_ON_STACKS = (
    "bytes in place of text",
    "a lone surrogate",
    "a number that is none",
    "a whole number beyond 64 bits",
    "a half of a whole number",
)


def _wrong(name: str, kind: str, body: str, *said: str, language: str = "python") -> Answer:
    embedded = "" if name in _ON_STACKS else "a worker says the same of all of them, wherever it runs"
    return Answer(name, one(f"o: {kind}", body, language), said=("output `o` should be", *said), embedded=embedded)


def _shell_list(name: str, kind: str, body: str, value: list[object]) -> Answer:
    embedded = (
        ""
        if name in ("lines as text", "lines as numbers")
        else "a worker reads all of them in one way, wherever it runs"
    )
    return Answer(f"a list of a shell: {name}", one(f"o: List[{kind}]", body), {"o": value}, embedded=embedded)


_FOLDER = """task split() -> (parts: List[File], named: List[File], told: List[File], trees: List[Dir]):
    run shell:
        mkdir -p "$OUT/parts" "$OUT/trees/b" "$OUT/trees/a"
        for name in 10 9 b a; do echo "$name" > "$OUT/parts/$name"; done
        touch "$OUT/trees/a/in-a" "$OUT/trees/b/in-b"
        echo one > one.txt
        echo two > "two words.txt"
        printf '%s\\n' "two words.txt" "$PWD/one.txt" > "$OUT/named"
        printf '["one.txt", "two words.txt"]' > "$OUT/told"

task read(parts: List[File], named: List[File], told: List[File], trees: List[Dir]) -> (all: List[String], inside: List[String]):
    run shell:
        cat "$parts_file" "$named_file" "$told_file" | while IFS= read -r path; do cat "$path"; done > "$OUT/all"
        while IFS= read -r path; do ls "$path"; done < "$trees_file" > "$OUT/inside"

pipeline main() -> (all: List[String], inside: List[String]):
    a = split()
    b = read(a.parts, a.named, a.told, a.trees)
    return all = b.all, inside = b.inside
"""
_LONG = """task make() -> (names: List[String], rows: List[Row]):
    run python:
        names = [f"name {i}" for i in range(20000)]
        rows = [{"n": i, "text": "a\\nb"} for i in range(3)]

task use(names: List[String], rows: List[Row]) -> (n: Int, last: String, same: List[Row]):
    run shell:
        wc -l < "$names_file" > "$OUT/n"
        tail -n 1 "$names_file" > "$OUT/last"
        cat "$rows_file" > "$OUT/same"

type Row:
    n: Int
    text: String

pipeline main() -> (n: Int, last: String, rows: List[Row]):
    a = make()
    b = use(a.names, a.rows)
    return n = b.n, last = b.last, rows = b.same
"""


ANSWERS = (
    Answer("members of enums", _ENUMS, {"level": "low", "many": ["left", "low"], "by": {"low": 2}, "mask": 3}),
    Answer("values that show themselves as others", one("name: String, count: Int, share: Float", _SUBCLASSES, "python"),
           {"name": "meant", "count": 3, "share": 0.5}),
    Answer("numbers at their ends", one("low: Int, high: Int, tiny: Float, most: Float, minus: String", _NUMBERS, "python"),
           {"low": -(2**63), "high": 2**63 - 1, "tiny": 5e-324, "most": 1.7976931348623157e308, "minus": "-0.0"}),
    Answer("a set has one order", one("names: List[String], sizes: List[Int]",
           "names, sizes = {'oak', 'ash', 'elm', 'fir', 'yew', 'box'}, frozenset({30, 9, 100})", "python"),
           {"names": ["ash", "box", "elm", "fir", "oak", "yew"], "sizes": [9, 30, 100]}),
    Answer("moments with zones", one("at: Instant, day: Date, wait: Duration",
           "import datetime as d\nat = d.datetime(2026, 3, 29, 2, 30, 0, 250_000, d.timezone(d.timedelta(hours=5, minutes=30)))\n"
           "day, wait = d.date(1999, 12, 31), d.timedelta(days=-1)", "python"),
           {"at": "2026-03-28T21:00:00.250Z", "day": "1999-12-31", "wait": -86_400_000}),
    Answer("any text of Unicode", one("text: String, length: Int",
           "text = 'e\\u0301 \\xe9 \\U0001f980\\r\\n\\t\\0\\u2028end\\n'\nlength = len(text)", "python"),
           {"text": "e\u0301 \u00e9 \U0001f980\r\n\t\0\u2028end\n", "length": 15}),
    Answer("text of a shell loses one newline at its end and nothing else", one("a: String, b: String, c: String, d: String",
           "printf 'x\\n' > $OUT/a\nprintf ' x\\n\\n' > $OUT/b\nprintf 'x\\r\\n' > $OUT/c\n: > $OUT/d"),
           {"a": "x", "b": " x\n", "c": "x\r", "d": ""}),
    Answer("text that looks like something else", one("a: String, b: String, c: String, d: String",
           "printf null > $OUT/a\nprintf 007 > $OUT/b\nprintf '\"q\"' > $OUT/c\nprintf '{\"$path\": 1}' > $OUT/d"),
           {"a": "null", "b": "007", "c": '"q"', "d": '{"$path": 1}'}),
    _mapped("keys that mark something elsewhere", 'm = {"$path": 1}', {"$path": 1}),
    _mapped("keys that are numbers", "m = {1: 10, 2: 20}", {"1": 10, "2": 20}),
    _mapped("keys that become the same", 'm = {1: 10, "1": 20}', said='two keys that are both "1"'),
    _mapped("a key that is no text", "m = {(1, 2): 3}", said="a key that is a Python tuple"),
    _mapped("a key without a value", "m = {None: 3}", said="a key that is None"),
    _mapped("a key that is no Unicode", r'm = {"caf\udce9": 1}', said="a key that is a Python str that is not Unicode text"),
    _mapped("a key that stands for files", 'm = {"$artifact": 1}', said="the key `$artifact`"),
    _mapped("a key of a shell that stands for files", "printf '{\"$artifact\": 1}' > \"$OUT/m\"", said="the key `$artifact`",
            language="shell"),
    _shell_list("lines as text", "String", "printf 'a\\nb c\\n\\n[1]\\n' > \"$OUT/o\"", ["a", "b c", "", "[1]"]),
    _shell_list("lines as numbers", "Int", 'seq 3 > "$OUT/o"', [1, 2, 3]),
    _shell_list("one line", "Float", 'echo " 2.5 " > "$OUT/o"', [2.5]),
    _shell_list("nothing", "Int", ': > "$OUT/o"', []),
    _shell_list("no end of the line", "String", 'printf one > "$OUT/o"', ["one"]),
    _shell_list("lines of Windows", "String", "printf 'a\\r\\nb\\r\\n' > \"$OUT/o\"", ["a", "b"]),
    _shell_list("JSON", "String", """printf '["a",\\n "b"]' > "$OUT/o\"""", ["a", "b"]),
    _shell_list("choices", '"low" | "high"', 'printf "low\\nhigh\\n" > "$OUT/o"', ["low", "high"]),
    _shell_list("truths", "Bool", 'printf "true\\nfalse\\n" > "$OUT/o"', [True, False]),
    _shell_list("lists a line", "List[Int]", 'printf "[1]\\n[2, 3]\\n" > "$OUT/o"', [[1], [2, 3]]),
    Answer("lists of files from folders and paths", _FOLDER, {"all": ["10", "9", "a", "b", "two", "one", "one", "two"], "inside": ["in-a", "in-b"]}),
    Answer("lists that no variable holds", _LONG, {"n": 20000, "last": "name 19999", "rows": [{"n": i, "text": "a\nb"} for i in range(3)]}),
    _wrong("a word among numbers", "List[Int]", "printf '1\\ntwo\\n' > \"$OUT/o\"", 'line 2 is "two"', "one element a line, or as a JSON list", language="shell"),
    _wrong("a list that is no JSON", "List[String]", """echo "['a', 'b']" > "$OUT/o\"""", "no JSON: ['a', 'b']", "one element a line", language="shell"),
    _wrong("an empty line among numbers", "List[Int]", "printf '1\\n\\n2\\n' > \"$OUT/o\"", 'line 2 is ""', language="shell"),
    _wrong("a folder of words", "List[String]", 'mkdir "$OUT/o"', "a directory; a list is written one element a line", language="shell"),
    _wrong("a path that leads nowhere", "List[File]", 'echo missing.txt > "$OUT/o"', "there is no file missing.txt", language="shell"),
    _wrong("a folder in a folder of files", "List[File]", 'mkdir -p "$OUT/o/deep"', "deep is a directory", language="shell"),
    _wrong("bytes in place of text", "String", "printf 'na\\357ve' > \"$OUT/o\"", "no UTF-8 text: byte 0xef at 2", language="shell"),
    _wrong("half a character", "String", "printf '\\303' > \"$OUT/o\"", "no UTF-8 text: byte 0xc3 at 0", language="shell"),
    _wrong("a lone surrogate", "List[String]", r"o = ['fine', 'x\ud800']", "str that is not Unicode text"),
    _wrong("a number that is none", "List[Float]", "o = [1.0, float('nan')]", "a Python nan"),
    _wrong("a number without end", "Float", "o = -float('inf')", "a Python -inf"),
    _wrong("a number of a shell without end", "Float", "echo 1e999 > \"$OUT/o\"", 'String ("1e999")', language="shell"),
    _wrong("a whole number beyond 64 bits", "Int", "o = 2**63", "int beyond 64 bits"),
    _wrong("a whole number of a shell beyond 64 bits", "Int", "echo 9223372036854775808 > \"$OUT/o\"", "Int (9223372036854775808)",
           language="shell"),
    _wrong("a half of a whole number", "Int", "o = 7 / 2", "Float (3.5)"),
    _wrong("truth for a number", "Int", "o = 3 > 2", "Bool (true)"),
    _wrong("money as a decimal", "Money", "from decimal import Decimal\no = Decimal('12.30')", "a Python Decimal"),
    _wrong("a moment beyond the years", "Instant", "import datetime as d\n"
           "o = d.datetime(9999, 12, 31, 23, tzinfo=d.timezone(d.timedelta(hours=-2)))", "Instant (9999-12-31T23:00:00-02:00)"),
    _wrong("a list that is none yet", "List[Int]", "o = (i for i in range(3))", "a Python generator"),
    _wrong("text where a number is wanted", "Int", "o = '12'", 'String ("12")'),
)  # fmt: skip
