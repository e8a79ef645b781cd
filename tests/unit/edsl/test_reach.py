"""Which files of a bundle the code of a task can reach."""

import pytest
from econda_edsl.compiler.bodies.reach import reached, reached_from
from econda_edsl.compiler.compile import compile_source

FILES = {
    "lib.py": b"import deep\n",
    "deep.py": b"import lib\nfrom pkg.sub import mod\n",
    "alone.py": b"x = 1\n",
    "pkg/__init__.py": b"",
    "pkg/sub/__init__.py": b"from . import near\n",
    "pkg/sub/mod.py": b"from ..other import x\n",
    "pkg/sub/near.py": b"",
    "pkg/other.py": b"x = 1\n",
    "pkg/unused.py": b"",
    "space/one.py": b"from .two import y\n",
    "space/two.py": b"y = 1\n",
    "space/three.py": b"",
    "star/__init__.py": b"__all__ = ['a']\n",
    "star/a.py": b"",
    "star/b.py": b"",
    "data.csv": b"1\n",
    "odd.py": b"x = (\n",
    "loads.py": b"import pickle\n",
    "go.sh": b"echo 1\n",
    "self.sh": b'. "$(dirname "$0")/go.sh"\n',
}
PKG = {"pkg/__init__.py"}
SUB = PKG | {"pkg/sub/__init__.py", "pkg/sub/near.py"}
MOD = SUB | {"pkg/sub/mod.py", "pkg/other.py"}


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("y = 1", set()),
        ("import json, numpy as np", set()),
        ("import alone", {"alone.py"}),
        ("import lib", {"lib.py", "deep.py"} | MOD),
        ("def f():\n    from deep import z", {"lib.py", "deep.py"} | MOD),
        ("import pkg", PKG),
        ("import pkg.sub", SUB),
        ("import pkg.sub.mod as m", MOD),
        ("from pkg import sub", SUB),
        ("from pkg import unused as u, missing", PKG | {"pkg/unused.py"}),
        ("import space.one", {"space/one.py", "space/two.py"}),
        ("from space import three", {"space/three.py"}),
        ("import space", set()),
        ("from star import *", {"star/__init__.py", "star/a.py", "star/b.py"}),
        ("try:\n    import alone\nexcept ImportError:\n    pass", {"alone.py"}),
        ("y = subprocess.run(['python', 'alone.py'])", {"alone.py"}),
        ("y = call('pkg.other:x')", PKG | {"pkg/other.py"}),
        ("y = open('data.csv')", {"data.csv"}),
    ],
)
def test_what_python_imports(code: str, files: set[str]) -> None:
    assert reached("python", code, FILES) == tuple(sorted(files))


@pytest.mark.parametrize(
    "code",
    [
        "import importlib\nimportlib.import_module(name)",
        "from importlib import import_module",
        "__import__(name)",
        "exec(code)",
        "import pickle",
        "import joblib",
        "import loads",
        "import odd",
        "import sys\nsys.path.insert(0, 'x')",
        "from sys import path",
        "open(__file__)",
        "import torch\ntorch.load('m')",
        "import numpy as np\nnp.load('m', allow_pickle=True)",
        "y = (",
    ],
)
def test_what_cannot_be_seen_may_be_any_file(code: str) -> None:
    assert reached("python", code, FILES) is None


def test_files_that_are_run() -> None:
    assert reached_from("python", "alone.py", FILES) == ("alone.py",)
    assert reached_from("python", "pkg/sub/mod.py", FILES) == tuple(sorted(MOD))
    assert reached_from("shell", "go.sh", FILES) == ("go.sh",)
    assert reached_from("shell", "self.sh", FILES) is None
    assert reached("shell", "cat go.sh", FILES) == ()


SOURCE = """edsl 1

task a() -> (y: Int):
    run python:
        y = 1

task b() -> (y: Int):
    run python:
        from pkg import other

        y = other.x

task c() -> (y: Int):
    run python "alone.py:x"

task d() -> (y: Int):
    run python:
        import pickle

        y = 1

pipeline main() -> (y: Int):
    p = a()
    q = b()
    r = c()
    s = d()
    return y = p.y + q.y + r.y + s.y
"""


def test_the_plan_says_what_each_task_reaches() -> None:
    plan = compile_source(SOURCE, files=FILES).plan
    assert plan is not None
    reach = {name: task.reach for name, task in plan.tasks.items()}
    assert reach == {"a": (), "b": ("pkg/__init__.py", "pkg/other.py"), "c": ("alone.py",), "d": None}


def test_a_file_that_nothing_reaches_changes_no_digest() -> None:
    source = SOURCE.replace("import pickle", "import json")
    plan = compile_source(source, files=FILES).plan
    unrelated = compile_source(source, files={**FILES, "star/b.py": b"new", "new.py": b""}).plan
    related = compile_source(source, files={**FILES, "alone.py": b"x = 2\n"}).plan
    assert plan is not None
    assert unrelated is not None
    assert related is not None
    assert unrelated.digest == plan.digest
    assert {name for name, task in related.tasks.items() if task.digest != plan.tasks[name].digest} == {"c"}


def test_without_code_files_a_plan_says_nothing_of_them() -> None:
    plan = compile_source(
        "edsl 1\n\ntask a():\n    run python:\n        import json\n\npipeline main():\n    a()\n"
    ).plan
    assert plan is not None
    assert plan.tasks["a"].reach is None
