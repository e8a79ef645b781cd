"""A process that ran another task, or another attempt of the same one, cannot be told from a fresh one."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

import pytest
from econda_edsl.plan import Entry, Inline

from econda_cloud.wire.chunk import Chunk, WorkItem, WorkTask
from econda_cloud.worker.processes.host_pool import HostPool
from econda_cloud.worker.run_chunk import run_chunk
from tests.unit.worker.leaks import PYTHON, SHELL


@pytest.fixture(scope="module")
def hosts():
    with HostPool() as hosts:
        hosts.prepare()
        yield hosts


class Run:
    """One run of one worker, with two tasks. `kind`: python, file (in a bundle) or shell."""

    def __init__(self, hosts, tmp_path, blobs, kind):
        self.hosts, self.tmp_path, self.blobs, self.kind = hosts, tmp_path, blobs, kind

    def attempts(self, name, body, *args):
        if self.kind == "file":
            code, bundle = self.entry(name, body)
        else:
            code, bundle = Inline(language=self.kind, body=body), None
        task = WorkTask(name=name, run=code, inputs={"i": "Int"}, outputs={"seen": "String"})
        items = tuple(WorkItem(instance=f"{name}[{i}]", attempt=1, args=a) for i, a in enumerate(args))
        chunk = Chunk(id=f"{name}.{time.monotonic_ns()}", run=str(self.tmp_path), namespace="n", task=task, items=items,
                      bundle=bundle)  # fmt: skip
        reports = list(run_chunk(chunk, blobs=self.blobs, scratch=self.tmp_path / "s", hosts=self.hosts,
                                 clock=lambda: time.time_ns() // 1_000_000))  # fmt: skip
        return [getattr(report, "outputs", report) for report in reports]

    def entry(self, name, body):
        path = self.tmp_path / f"{name}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("code.py", body)
        key = f"bundles/{name}-{abs(hash(body))}.zip"
        self.blobs.put_file(key, path)
        return Entry(language="python", path="code.py"), key


def said(outputs):
    return outputs["seen"]


def body_of(kind, leak, probe):
    if kind == "shell":
        return f'if [ "$i" = 0 ]; then\n{leak}\necho - > "$OUT/seen"\nelse\n{{ {probe}\n}} > "$OUT/seen"\nfi\n'
    inner = "\n".join(f"    {line}" for line in leak.splitlines())
    return f"if i == 0:\n{inner}\n    seen = '-'\nelse:\n    seen = repr({probe})\n"


CASES = [(kind, name, *each) for kind in ("python", "file") for name, each in PYTHON.items()] + [
    ("shell", name, *each) for name, each in SHELL.items()
]


@pytest.mark.parametrize(("kind", "name", "leak", "probe"), CASES, ids=[f"{c[0]}: {c[1]}" for c in CASES])
def test_nothing_leaks(hosts, tmp_path, blobs, kind, name, leak, probe):
    run, body = Run(hosts, tmp_path, blobs, kind), body_of(kind, leak, probe)
    [fresh] = run.attempts("fresh", body, {"i": 1})
    first, other_attempt = run.attempts("t", body, {"i": 0}, {"i": 1})
    [other_task] = run.attempts("u", body, {"i": 1})
    assert said(first).strip() == "-", name
    assert said(other_attempt) == said(fresh), "to another attempt of the task"
    assert said(other_task) == said(fresh), "to another task"


def test_there_are_forty_of_them():
    assert len(PYTHON) >= 40


def test_each_of_them_shows_where_nothing_is_done_about_it(tmp_path):
    blind = [
        name for name, (leak, probe) in PYTHON.items() if shown("", probe, tmp_path) == shown(leak, probe, tmp_path)
    ]
    assert blind == []


def shown(leak, probe, folder):
    """What the expression says after the leak, in one and the same interpreter; through a pipe, for streams may break."""
    read, write = os.pipe()
    with tempfile.TemporaryDirectory(dir=folder) as cwd:
        program = f"import os\nos.dup2({write}, 3)\nimport json, random\n{leak}\nopen(3, 'w').write(repr({probe}))"
        process = subprocess.Popen([sys.executable, "-c", program], pass_fds=(write,), cwd=cwd,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
        os.close(write)
        with os.fdopen(read) as file:
            text = file.readline()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return text


def test_a_task_may_ask_for_a_process_per_attempt(go):
    body = "import os\npid = os.getpid()"
    pids = [report.outputs["pid"] for report in go(body, {}, {}, {}, outputs={"pid": "Int"}, own_process=True)]
    assert len(set(pids)) == 3
    shared = [report.outputs["pid"] for report in go(body, {}, {}, {}, outputs={"pid": "Int"})]
    assert len(set(shared)) == 1


FIRST = {
    "a function of a module that nobody had imported": ("import random\nrandom.random = lambda: 4", "__import__('random').random() == 4"),
    "a constant of such a module": ("import math\nmath.pi = 3", "__import__('math').pi"),
    "a name of a class of it": ("import decimal, fractions\nfractions.Fraction.limit = 3", "hasattr(__import__('fractions').Fraction, 'limit')"),
    "a class of it": ("import decimal\nclass Decimal: pass\ndecimal.Decimal = Decimal", "__import__('decimal').Decimal.__module__"),
    "a filter of warnings": PYTHON["a filter of warnings"],
    "a handler of logs": PYTHON["a handler of logs"],
    "decimal precision": PYTHON["decimal precision"],
    "a seed": PYTHON["a seed"],
}  # fmt: skip


@pytest.mark.parametrize("name", FIRST)
def test_nothing_leaks_from_who_is_first_to_import_it(tmp_path, blobs, name):
    """As in a cold function, whose processes begin with next to nothing imported."""
    body = body_of("python", *FIRST[name])
    with HostPool() as hosts:
        run = Run(hosts, tmp_path, blobs, "python")
        [fresh] = run.attempts("fresh", body, {"i": 1})
        _, other_attempt = run.attempts("t", body, {"i": 0}, {"i": 1})
    assert said(other_attempt) == said(fresh)


def test_who_is_first_to_import_a_module_keeps_the_process(tmp_path, blobs):
    body = "import random, datetime, logging, decimal, subprocess, socket, os\nseen = str(os.getpid())"
    with HostPool() as hosts:
        pids = Run(hosts, tmp_path, blobs, "python").attempts("t", body, {"i": 0}, {"i": 1}, {"i": 2})
    assert len({said(each) for each in pids}) == 1
