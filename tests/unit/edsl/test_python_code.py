"""What is said of Python code that was not run, and above all what is not."""

import pytest
from econda_edsl.compiler.bodies.python_code import places, read_code

RIGHT = {
    "star import": "from numpy import *\ny = array([x])",
    "exec": "exec('z = 1')\ny = z",
    "globals": "globals()['z'] = 1\ny = z",
    "by name": "g = globals\ng()['z'] = 1\ny = z",
    "deleted": "z = 1\ndel z\nz = 2\ny = z",
    "walrus": "if (n := len(x)) > 1:\n    y = n",
    "walrus in a comprehension": "[last := i for i in range(3)]\ny = last",
    "comprehension": "y = {k: v for k, v in zip(x, [i * j for i in x for j in x])}",
    "nested comprehension": "y = [[cell for cell in row if cell] for row in x]",
    "caught": "try:\n    profile\nexcept NameError:\n    profile = len\ny = profile(x)",
    "caught by anything": "try:\n    y = display(x)\nexcept:\n    y = 1",
    "error's name": "try:\n    y = 1\nexcept ValueError as error:\n    y = str(error)",
    "group": "try:\n    y = 1\nexcept* ValueError as group:\n    y = str(group)",
    "match": "match x:\n    case {'a': a, **rest}:\n        y = a, rest\n    case [first, *others] as whole:\n        y = first, others, whole\n    case _:\n        y = 0",
    "augmented": "total = 0\nfor i in x:\n    total += i\ny = total",
    "with": "with open('f') as file, open('g') as (a, b):\n    y = file, a, b",
    "loop": "for i, (a, *b) in enumerate(x):\n    y = i, a, b\nelse:\n    y = 0",
    "functions": "def f(a, *b, c=1, **d):\n    def g():\n        return a, b, c, d, h()\n    return g()\ndef h():\n    return y0\ny0 = 1\ny = f(x)",
    "nonlocal": "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n        return n\n    return g()\ny = f()",
    "global": "def f():\n    global y\n    y = 1\nf()",
    "global import": "def f():\n    global json\n    import json\nf()\ny = json.dumps(x)",
    "classes": "class A:\n    n = 1\n    m = n\n    def f(self):\n        return __class__, super().__init__(), self.__p\n    __p = 1\ny = A().f()",
    "lambda": "y = sorted(x, key=lambda pair: pair[1])",
    "decorators": "import functools\n@functools.cache\ndef f(n):\n    return n\ny = f(1)",
    "hints": "from __future__ import annotations\ndef f(a: Missing, b: 'Other') -> Third:\n    c: Fourth = a\n    return c\ny = f(1, 2)",
    "imports": "import os.path, json as j\nfrom math import sqrt as root\ny = os, j, root",
    "conditional import": "try:\n    import ujson as json\nexcept ImportError:\n    import json\ny = json",
    "dunder": "print(__name__, __builtins__, __doc__)\ny = NotImplemented, Ellipsis, __debug__",
    "formatted": "z = 3\ny = f'{z:>{x}} {z!r} {z=}'",
    "async": "import asyncio\nasync def f():\n    async with a() as b:\n        async for c in b:\n            return c\nasync def a():\n    pass\ny = asyncio.run(f())",
    "generator": "def f():\n    got = yield 1\n    yield from got\ny = list(f())",
    "unpacked": "[a, (b, *c)], d = x\ny = a, b, c, d",
    "attribute and item": "class A: pass\nA.z = 1\nq = {}\nq['k'] = A\ny = q",
    "setattr": "import sys\nsetattr(sys.modules['__main__'], 'z', 1)\ny = z",
    "frames": "import sys\nsys._getframe().f_globals['z'] = 1\ny = z",
    "built in by others": "import builtins\nbuiltins.z = 1\ny = z",
    "optional at its end": "if x:\n    y = 1",
    "only in a loop": "while x:\n    y = 1\n    break",
}  # fmt: skip
WRONG = {
    "y = z": [("z", 1, 5)],
    "def f():\n    return zz\ny = f()": [("zz", 2, 12)],
    "class A:\n    n = 1\n    def f(self):\n        return n\ny = A": [("n", 4, 16)],
    "y = [i for i in range(3)] + i": [("i", 1, 29)],
    "import os\ny = é + ö": [("é", 2, 5), ("ö", 2, 9)],
    "s = 'ü' + text\ny = s": [("text", 1, 11)],
    "y = f'{x} {zz}'": [("zz", 1, 12)],
    "try:\n    y = zz\nexcept ValueError:\n    y = 1": [("zz", 2, 9)],
    "def f(a=dd):\n    return a\ny = f()": [("dd", 1, 9)],
    "@deco\ndef f(): ...\ny = f": [("deco", 1, 2)],
}


@pytest.mark.parametrize("code", RIGHT.values(), ids=RIGHT)
def test_nothing_is_said_against_right_code(code: str) -> None:
    found = read_code(code)
    assert found.problem is None
    assert found.hides or places(code, found.unbound - {"x"}) == []
    assert found.hides or "y" in found.bound


@pytest.mark.parametrize(("code", "names"), WRONG.items())
def test_names_that_nobody_binds(code: str, names: list[tuple[str, int, int]]) -> None:
    found = read_code(code)
    assert not found.hides
    assert [(n.name, n.line, n.column) for n in places(code, found.unbound - {"x"})] == names


@pytest.mark.parametrize(
    "code",
    [
        "raise ValueError(x)",
        "import sys\nsys.exit(3)",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
        "while True:\n    pass",
        "with open('f'):\n    raise ValueError",
    ],
)
def test_code_that_never_comes_to_its_end_promises_nothing(code: str) -> None:
    assert not read_code(code).returns


def test_code_that_may_come_to_its_end_does_promise() -> None:
    assert read_code("if x:\n    raise ValueError").returns
    assert read_code("while True:\n    if x:\n        break").returns


@pytest.mark.parametrize(
    ("code", "line", "column"),
    [("y = x +", 1, 8), ("if x:\ny = 1", 2, 1), ("return 1", 1, 1), ("y = (1,\n", 1, 5), ("y = 1\0", 1, 1)],
)
def test_what_is_no_python_has_a_place(code: str, line: int, column: int) -> None:
    problem = read_code(code).problem
    assert problem is not None
    assert (problem.line, problem.column) == (line, column)


def test_no_code_is_too_deep_to_be_read() -> None:
    assert read_code("y = " + "(" * 5_000 + ")" * 5_000).problem is not None
    assert read_code("y = " + "-" * 50_000 + "1").problem is not None
