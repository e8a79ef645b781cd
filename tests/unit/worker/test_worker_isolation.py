"""A process that ran another task, or another attempt of the same one, cannot be told from a fresh one."""

import time

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
        import zipfile

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


def test_the_leaks_are_ones(tmp_path, blobs):
    """Each of them shows where nothing is done about it: in one and the same interpreter."""
    import subprocess
    import sys

    del tmp_path, blobs
    blind = []
    for name, (leak, probe) in PYTHON.items():
        program = (
            f"import json, random, sys\nout = sys.stdout\n{{leak}}\nout2 = open(3, 'w'); out2.write(repr({probe}))"
        )
        said = [_shown(program.replace("{leak}", each), subprocess, sys) for each in ("", leak)]
        if said[0] == said[1]:
            blind.append(name)
    assert blind == []


def _shown(program, subprocess, sys):
    import os
    import tempfile

    read, write = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([sys.executable, "-c", f"import os\nos.dup2({write}, 3)\n{program}"], pass_fds=(write,),
                                   cwd=folder, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        os.close(write)
        with os.fdopen(read) as file:
            text = file.read()
        process.kill()
        process.wait()
    return text
