"""What an attempt leaves behind in a warm process never meets an attempt of another namespace."""

import os
import time
from pathlib import Path

import pytest
from econda_edsl.plan import Inline

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.wire.chunk import Chunk, WorkItem, WorkTask
from econda_cloud.worker.attempts import _folders
from econda_cloud.worker.processes.host_pool import IDLE_MOST, HostPool, Sharing
from econda_cloud.worker.run_chunk import run_chunk


class OneSecret:
    def get(self, reference):
        del reference
        return "of-the-second"


def outputs(hosts, scratch: Path, namespace: str, body: str, **item):
    task = WorkTask(name="t", run=Inline(language="python", body=body), outputs={"y": "Int"})
    items = (WorkItem(instance="p/a", attempt=1, **item),)
    chunk = Chunk(id=f"{namespace}.1", run=namespace, namespace=namespace, task=task, items=items)
    [report] = run_chunk(chunk, blobs=MemoryBlobs(), scratch=scratch, hosts=hosts, secrets=OneSecret(),
                         clock=lambda: time.time_ns() // 1_000_000)  # fmt: skip
    return report.outputs


SPY = """
import builtins, os, threading, time
def watch():
    while True:
        if "PASSWORD" in os.environ:
            open({loot!r}, "w").write(os.environ["PASSWORD"])
            return
        time.sleep(0.001)
threading.Thread(target=watch, daemon=True).start()
builtins.sum = lambda items, *rest: 42
y = os.getpid()
"""
VICTIM = "import time\nuntil = time.time() + 0.2\nwhile time.time() < until: time.sleep(0.005)\ny = sum([1, 2, 3])\n"


def test_a_thread_of_one_namespace_sees_no_secret_of_another(tmp_path):
    loot = tmp_path / "loot"
    with HostPool({"PATH": "/usr/bin:/bin"}) as hosts:
        outputs(hosts, tmp_path, "first", SPY.format(loot=str(loot)))
        secret = {"PASSWORD": {"driver": "any", "name": "x"}}
        assert outputs(hosts, tmp_path, "second", VICTIM, secrets=secret) == {"y": 6}
    assert not loot.exists()


PID = "import os\ny = os.getpid()"


def test_a_process_stays_with_its_namespace(tmp_path):
    with HostPool() as hosts:
        hosts.prepare()
        first = outputs(hosts, tmp_path, "first", PID)
        assert outputs(hosts, tmp_path, "first", PID) == first
        second = outputs(hosts, tmp_path, "second", PID)
        with pytest.raises(ProcessLookupError):
            os.kill(first["y"], 0)
        assert outputs(hosts, tmp_path, "first", PID) not in (first, second)


def test_a_process_stays_with_its_task_and_run():
    with HostPool() as hosts:
        one = hosts.take(Sharing("first", "run", "fit"))
        one.start()
        hosts.give(Sharing("first", "run", "fit"), one)
        for other in (Sharing("first", "run", "score"), Sharing("first", "next", "fit")):
            assert hosts.take(other) is not one
        assert hosts.take(Sharing("first", "run", "fit")) is one


def test_a_process_that_comes_back_after_another_namespace_began_is_closed():
    first, second = Sharing("first", "run", "fit"), Sharing("second", "run", "fit")
    with HostPool() as hosts:
        of_first, of_second = hosts.take(first), hosts.take(second)
        for each in (of_first, of_second):
            each.start()
        hosts.give(first, of_first)
        hosts.give(second, of_second)
        assert not of_first.up
        assert hosts.take(second) is of_second
        of_second.close()


def test_few_processes_wait():
    with HostPool() as hosts:
        taken = [(Sharing("n", "run", f"t{i}"), hosts.take(Sharing("n", "run", f"t{i}"))) for i in range(IDLE_MOST + 3)]
        for sharing, host in taken:
            host.start()
            hosts.give(sharing, host)
        assert [host.up for _, host in taken] == [False] * 3 + [True] * IDLE_MOST


def test_fetched_files_lie_apart(tmp_path):
    assert _folders(tmp_path, "a", "r")[2] != _folders(tmp_path, "b", "r")[2]
