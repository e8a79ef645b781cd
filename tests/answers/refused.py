"""Mistakes that are told before anything starts, with what to write instead."""

from __future__ import annotations

from tests.answers.answer import Answer, one

_ONE = "\npipeline main() -> (y: Int):\n    a = t(2)\n    return y = a.y\n"
_T = "task t(x: Int) -> (y: Int):\n    run python:\n        y = x\n"


def _body(name: str, language: str, body: str, *said: str, embedded: str = "") -> Answer:
    return Answer(
        name, f"task t(x: Int) -> (y: Int):\n    run {language}:\n        {body}\n{_ONE}", said=said, embedded=embedded
    )


ANSWERS = (
    _body("Python that is none", "python", "y = (x", "not Python"),
    _body("an output that is never made", "python", "result = x", "never assigns its output `y`"),
    _body("a misspelt name", "python", "y = xs", "nothing binds `xs`", "did you mean `x`"),
    _body("a shell that is none", "shell", 'while true; do echo "$x"', "cannot be read by bash",
          embedded="other languages are read by the command line, which has their programs"),
    Answer("an input named by a word of Python", one("y: Float", "y = 2.0", "python", inputs="class: Float = 1.0"),
           said=("`class` cannot be a variable", "call it `class_`")),
    Answer("a type of another language", _T.replace("x: Int", "x: float") + _ONE, said=("`float` is not a type", "use `Float`")),
    Answer("a type within a type", "pipeline main(rows: List[int]) -> (y: Int):\n    return y = len(rows)\n",
           said=("`int` is not a type", "`List[Int]`")),
    Answer("an import without quotes", "import tools.ml as ml\n\n" + _T + _ONE, said=("stands in quotes", '"./tools/ml.edsl"')),
    Answer("packages that contradict each other", _T.replace("    run", '    packages = ["pandas>=2", "pandas<1.5"]\n    run') + _ONE,
           said=("no version fits", "`pandas>=2`")),
    Answer("a unit apart", _T.replace("    run", "    timeout = 5 min\n    run") + _ONE, said=("right after its number", "`5min`")),
    Answer("an argument with a colon", _T + _ONE.replace("t(2)", "t(x: 2)"), said=("given by `=`", "`x = 2`")),
    Answer("a setting of another tool", _T.replace("    run", "    retries = 2\n    run") + _ONE,
           said=("no setting `retries`", "retry = exponential(attempts = ")),
    Answer("a setting in a call", _T + _ONE.replace("t(2)", "t(2, timeout = 3h)"), said=("no input `timeout`", "with timeout =")),
    Answer("a word of another language", _T + _ONE.replace("    a = t(2)", "    for i in [2]:\n        a = t(i)"),
           said=("no `for` here", "foreach")),
    Answer("a step as a value", _T + _ONE.replace("a.y", "a"), said=("output `y` is Int", ".y")),
    Answer("steps that wait for each other", _T + _ONE.replace("t(2)", "t(b.y)\n    b = t(a.y)"), said=("wait for each other", "a -> b -> a")),
    Answer("a step of a loop outside", _T + "\npipeline main() -> (y: Int):\n    foreach i in 1..3:\n        a = t(i)\n    return y = a.y\n",
           said=("a",)),
    Answer("tabs in the margin", _T.replace("        y", "\t\ty") + _ONE, said=("a tab in the margin", "spaces only")),
    Answer("a language by another name", _T.replace("run python", "run bash") + _ONE, said=("`run bash` is not known", "`shell`")),
    Answer("a parameter that is no file", "pipeline main(rows: File) -> (rows_again: File):\n    return rows_again = rows\n",
           said=("rows",), files={"params.yaml": "rows: missing.csv\n"}),
    Answer("half a character", "pipeline main(text: String) -> (same: String):\n    return same = text\n",
           said=("Unicode text",), files={"params.yaml": 'text: "a\\ud800b"\n'}),
    Answer("half a character in a name", "pipeline main(text: String) -> (same: String):\n    return same = text\n",
           said=("`text`",), files={"params.yaml": 'text: a\n"b\\ud800": c\n'}),
    Answer("half a character in a key", "pipeline main(m: Map[String, Int]) -> (n: Int):\n    return n = len(keys(m))\n",
           said=("Unicode text",), files={"params.yaml": 'm: {"a\\udfff": 1}\n'}),
    Answer("a key of a map that stands for files", "pipeline main(m: Map[String, Int]) -> (n: Int):\n    return n = len(keys(m))\n",
           said=("`$artifact`",), files={"params.yaml": "m: {$artifact: 5}\n"}),
)  # fmt: skip
