"""A parameter is the text that was written, read by the type that is declared; and nothing of it is ever run."""

from __future__ import annotations

from tests.answers.answer import Answer, one

_TEXTS = one("a: String, b: String, c: String, d: String, e: String", "a, b, c, d, e = p, q, r, s, t", "python",
             inputs="p: String, q: String, r: String, s: String, t: String")  # fmt: skip
_WORDS = one(
    "said: String",
    'printf \'%s\' "$word" > "$OUT/said"\n[ ! -e pwned ]',
    inputs="word: String",
)
_RECORD = """type Options:
    rate: Float
    name: String = "plain"

pipeline main(options: Options = Options(rate = 0.25)) -> (text: String):
    return text = "{options.rate} {options.name}"
"""
_COUNT = """task count(rows: File) -> (n: Int):
    run python:
        with open(rows) as lines:
            n = sum(1 for _ in lines)

pipeline main(rows: File, least: Percent = 5%) -> (n: Int):
    a = count(rows)
    return n = a.n
"""
_MARKED = """task show(m: Map[String, Int]) -> (text: String):
    run shell:
        printf '%s' "$m" > "$OUT/text"

pipeline main(m: Map[String, Int]) -> (text: String):
    a = show(m)
    return text = a.text
"""

ANSWERS = (
    Answer("texts that a reader of YAML guesses at", _TEXTS,
           {"a": "NO", "b": "3.10", "c": "00501", "d": "23:59:59", "e": "2026-02-28T09:00:00+05:30"},
           files={"params.yaml": "p: NO\nq: 3.10\nr: 00501\ns: 23:59:59\nt: 2026-02-28T09:00:00+05:30\n"}),
    Answer("texts that look like nothing", _TEXTS, {"a": "~", "b": "null", "c": "", "d": "1_000", "e": "=1e3"},
           files={"params.yaml": "p: ~\nq: null\nr: ''\ns: 1_000\nt: =1e3\n"}),
    Answer("numbers with zeros before them", one("n: Int, x: Float", "n, x = n, x", "python", inputs="n: Int, x: Float"),
           {"n": 12, "x": 0.1}, files={"params.yaml": "n: 0012\nx: .10\n"}),
    Answer("a word that would be run", _WORDS, {"said": "$(touch pwned)`touch pwned`; touch pwned\n'\"{word}%s\\n"},
           files={"params.yaml": "word: \"$(touch pwned)`touch pwned`; touch pwned\\n'\\\"{word}%s\\\\n\"\n"}),
    Answer("the default of a record", _RECORD, {"text": "0.25 plain"}),
    Answer("a field of a record", _RECORD, {"text": "0.5 plain"}, files={"params.yaml": "options: {rate: 0.5}\n"}),
    Answer("a file beside the parameters", _COUNT, {"n": 3},
           files={"params.yaml": "rows: data/rows.csv\n", "data/rows.csv": "1\n2\n3"}),
    Answer("a map whose key marks something elsewhere", _MARKED, {"text": '{"$duration": 5}'},
           files={"params.yaml": "m: {$duration: 5}\n"}),
)  # fmt: skip
