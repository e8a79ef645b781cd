"""`python "file.py"` runs as `python file.py` does."""

import zipfile

import pytest
from econda_edsl.plan import Entry

OUTPUT = {"seen": "String"}


@pytest.fixture
def program(go, tmp_path, blobs):
    """Run a file of a bundle, which is given as text or bytes, and others beside it."""

    def run(text, path="code.py", outputs=OUTPUT, function="", **more):
        with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
            archive.writestr(path, text)
            for name, body in more.items():
                archive.writestr(name.replace("__", "/") + ".py", body)
        key = f"bundles/{abs(hash((text, path, *more.items())))}.zip"
        blobs.put_file(key, tmp_path / "b.zip")
        entry = Entry(language="python", path=path, function=function)
        [report] = go(entry, {"x": 3}, inputs={"x": "Int"}, outputs=outputs, bundle=key)
        return report.outputs.get("seen") if hasattr(report, "outputs") else report

    return run


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (b"\xef\xbb\xbfseen = 'caf\xc3\xa9'\n", "café"),
        (b"# -*- coding: latin-1 -*-\nseen = 'caf\xe9'\n", "café"),
        (b"#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\nseen = '\x80'\n", "€"),
        (b"seen = 'a'\r\nif True:\r\n    seen += 'b'\r\n", "ab"),
    ],
)
def test_bytes_are_read_as_python_reads_them(program, text, seen):
    assert program(text) == seen


def test_it_is_the_main_program(program):
    text = """
import sys, os
def f():
    global seen
    seen = f"{__name__} {os.path.basename(__file__)} {__spec__} {__package__} {[os.path.basename(a) for a in sys.argv]} {x}"
if __name__ == "__main__":
    f()
"""
    assert program(text) == "__main__ code.py None None ['code.py'] 3"


def test_arguments_are_read_as_none_given(program):
    assert program("import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', default='0.1')\nseen = p.parse_args().lr") == "0.1"  # fmt: skip


def test_modules_beside_it_and_of_the_bundle_are_found(program):
    seen = program(
        "import near, far\nseen = near.y + far.z", path="sub/code.py", sub__near="y = 'near '", far="z = 'far'"
    )
    assert seen == "near far"


def test_what_it_registered_for_its_end_is_called_then(program):
    text = "import atexit\nseen = 'begun'\n@atexit.register\ndef end():\n    global seen\n    seen += ' ended'\n"
    assert program(text) == "begun ended"


def test_its_threads_are_waited_for(program):
    text = """
import threading, time
from concurrent.futures import ThreadPoolExecutor
seen = ""
def work():
    global seen
    time.sleep(0.2)
    seen += "done "
threading.Thread(target=work).start()
ThreadPoolExecutor(2).submit(work)
"""
    assert program(text) == "done done "


def test_pickles_and_processes_find_its_classes(program):
    text = """
import multiprocessing, pickle
class Point:
    x = 1
def square(n): return n * n
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        seen = f"{type(pickle.loads(pickle.dumps(Point()))) is Point} {pool.map(square, [1, 2])}"
"""
    assert program(text) == "True [1, 4]"


def test_exit_codes(program):
    assert program("import sys\nseen = 'x'\nsys.exit(0)") == "x"
    assert program("import sys\nsys.exit('no data')").message == "exited with code 1: no data"
    assert program("raise SystemExit(7)").message == "exited with code 7"


def test_a_function_sees_its_module_as_it_was_written(program):
    """Each attempt imports it anew."""
    text = "seen_so_far = []\ndef f(x):\n    seen_so_far.append(x)\n    return {'seen': str(seen_so_far)}"
    for _ in range(2):
        assert program(text, function="f") == "[3]"
