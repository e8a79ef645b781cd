"""What is said of the files that tasks run and import, before anything runs."""

import pytest
from econda_edsl.compiler.compile import compile_source

SOURCE = """edsl 1

task a(x: Int, rate: Float) -> (y: Int):
    run python "code.py:fit"

pipeline main() -> (y: Int):
    p = a(1, 0.5)
    return y = p.y
"""


def said(code: str, source: str = SOURCE, **files: str) -> list[tuple[str, str]]:
    bundle = {"code.py": code, **{f"{name}.py": text for name, text in files.items()}}
    compiled = compile_source(source, files={name: text.encode() for name, text in bundle.items()})
    return [(d.code, d.message) for d in compiled.diagnostics]


@pytest.mark.parametrize(
    "code",
    [
        "def fit(x, rate): ...",
        "def fit(rate, x, more=1): ...",
        "def fit(*, x, rate, more=1): ...",
        "def fit(x, **rest): ...",
        "def fit(**rest): ...",
        "def fit(x, rate=1, *more): ...",
        "import functools\n@functools.cache\ndef fit(): ...",
        "def fit(): ...\nfit = lambda x, rate: 1",
        "class fit:\n    def __init__(self, x, rate): ...",
        "from other import fit",
        "if True:\n    def fit(x, rate): ...\ndef fit(x, rate): ...",
    ],
)
def test_functions_that_take_the_inputs_or_may_take_them(code: str) -> None:
    assert said(code) == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def fit(x, rate, epochs): ...", "`fit` of `code.py` needs `epochs`, which `a` has not"),
        ("def fit(x, *, rate, a, b): ...", "`fit` of `code.py` needs `a` and `b`, which `a` has not"),
    ],
)
def test_functions_that_do_not(code: str, message: str) -> None:
    assert said(code) == [("E0302", message)]


def test_files_that_are_imported_are_read_too() -> None:
    right = "import lib\n\n\ndef fit(x, rate): ...\n"
    assert said(right, lib="import deep\n", deep="x = 1\n", scratch="no python (\n") == []
    found = said(right, lib="import deep\n", deep="x = (\n")
    assert found == [("E0210", "`deep.py`, which `a` imports, is not Python: '(' was never closed (line 1, column 5)")]
    inline = SOURCE.replace('run python "code.py:fit"', "run python:\n        from deep import y")
    assert [code for code, _ in said("", inline, deep="x = (\n")] == ["E0210"]


def test_a_script_is_looked_at_like_a_body() -> None:
    script = SOURCE.replace("code.py:fit", "code.py")
    assert said("y = x * rate\n", script) == []
    assert said("y = x * rat\n", script) == [("E1103", "nothing binds `rat` in `code.py` (line 1, column 9)")]
    assert said("z = 1\n", script) == [("E1102", "`code.py`, the code of `a` never assigns its output `y`")]
    assert said("y = (\n", script) == [("E0210", "`code.py` is not Python: '(' was never closed (line 1, column 5)")]
