"""Jobs on a real host: they outlive the connection, are one however often they are submitted, and end as told."""

from __future__ import annotations

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from econda_adapters.onprem.hosts import HostsPool
from msgspec.structs import replace

from econda_cloud.ports import pool as port
from econda_cloud.ports.pool import Accepted, Answer, Ended, Gone, Later, Refused, Running, Unknown
from tests.components.ssh.conftest import Sshd
from tests.components.ssh.hosts import SshBench
from tests.conformance.pools import SECRET
from tests.waiting import Until

pytestmark = pytest.mark.component


def folder(bench: SshBench, handle: str) -> Path:
    host, _, name = handle.partition("/")
    return bench.hosts[int(host[1:])].scratch / name


def ready(bench: SshBench, handle: str, until: Until) -> None:
    until((folder(bench, handle) / "work" / "ready").exists, f"{handle} runs")


def test_a_job_outlives_its_connection_and_the_daemon(hosts: list[Sshd]) -> None:
    bench = SshBench(hosts[:1])
    handle = bench.begun("brief", "r.1")
    hosts[0].down()
    assert isinstance(bench.state(handle), Unknown)
    hosts[0].up()
    state = bench.ended(handle)
    assert state.failure is None
    assert state.started_ms is not None
    assert state.ended_ms is not None
    assert state.ended_ms - state.started_ms >= 900


def test_what_was_submitted_is_found_by_another_scheduler_on_whichever_host(hosts: list[Sshd]) -> None:
    first = SshBench(hosts)
    handles = [first.begun("lasts", f"r.{n}") for n in range(3)]
    assert {handle[:2] for handle in handles} == {"h0", "h1", "h2"}, "spread over the hosts"
    second = SshBench(hosts)
    answers = second.driver.submit([second.submission("lasts", f"r.{n}") for n in (2, 0, 1, 0)])
    assert answers == [Accepted(handles[n]) for n in (2, 0, 1, 0)]
    assert sum(len(list(host.scratch.iterdir())) for host in hosts) == 3
    for handle in handles:
        second.driver.cancel(handle)


def test_two_schedulers_at_once_begin_one_job(hosts: list[Sshd], tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    command = ["sh", "-c", f"cat > /dev/null; echo run >> {runs}"]
    benches = [SshBench(hosts[:1], command=command) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        handles = set(threads.map(lambda bench: bench.begun("ends", "r.1"), benches))
    (handle,) = handles
    assert benches[0].ended(handle).failure is None
    assert runs.read_text() == "run\n"


def test_the_same_name_in_another_namespace_is_another_job(hosts: list[Sshd]) -> None:
    bench = SshBench(hosts)
    mine = bench.submission("ends", "r.1")
    answers = bench.driver.submit([mine, replace(mine, namespace="other")])
    assert len({answer.handle for answer in answers if isinstance(answer, Accepted)}) == 2


def test_a_cancelled_worker_is_asked_first_and_then_killed_with_its_family(hosts: list[Sshd], until: Until) -> None:
    bench = SshBench(hosts)
    polite, stubborn = bench.begun("polite", "r.1"), bench.begun("stubborn", "r.2")
    for handle in (polite, stubborn):
        ready(bench, handle, until)
        bench.driver.cancel(handle)
    assert bench.ended(polite).failure is None, "it had the time to end well"
    assert (folder(bench, polite) / "work" / "polite").exists()
    state = bench.ended(stubborn)
    assert (state.failure, state.message) == ("failed", f"{stubborn[:2]}: cancelled by econda")
    assert state.ended_ms is not None


def test_processes_that_a_worker_leaves_behind_end_with_it(hosts: list[Sshd], tmp_path: Path, until: Until) -> None:
    pid = tmp_path / "pid"
    bench = SshBench(hosts[:1], command=["sh", "-c", f"sleep 600 & echo $! > {pid}"])
    assert bench.ended(bench.begun("ends", "r.1")).failure is None
    until(lambda: not Path(f"/proc/{pid.read_text().strip()}/exe").exists(), "what it left is gone")


def test_a_worker_that_is_killed_or_cannot_start_says_so(hosts: list[Sshd]) -> None:
    bench = SshBench(hosts)
    killed = bench.ended(bench.begun("suicide", "r.1"))
    assert killed.failure == "lost"
    assert "ended by SIGKILL" in killed.message
    nothing = SshBench(hosts, command=["no-such-program", "--worker"])
    state = nothing.ended(nothing.begun("ends", "r.2"))
    assert state.failure == "failed"
    assert "no-such-program cannot be started: No such file or directory" in state.message


def test_a_worker_that_outlives_its_limit_is_ended(hosts: list[Sshd], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port, "LIMIT_MARGIN_MS", 0)
    bench = SshBench(hosts[:1])
    (answer,) = bench.driver.submit([replace(bench.submission("stubborn", "r.1"), timeout_ms=300)])
    assert isinstance(answer, Accepted)
    state = bench.ended(answer.handle)
    assert state.failure == "timed_out"
    assert "its limit was reached" in state.message


def test_a_host_that_was_restarted_has_lost_its_jobs(hosts: list[Sshd], until: Until) -> None:
    bench = SshBench(hosts[:1])
    handle = bench.begun("lasts", "r.1")
    ready(bench, handle, until)
    worker = holder(folder(bench, handle) / "work")
    # As far as anybody can see later, this is what the end of all processes leaves.
    os.kill(parent(worker), signal.SIGKILL)
    state = bench.ended(handle)
    assert state.failure == "lost"
    assert "restarted" in state.message
    assert state.ended_ms is None
    until(lambda: not Path(f"/proc/{worker}/exe").exists(), "the worker ends with its watcher")
    assert isinstance(bench.begun("ends", "r.2"), str), "and holds no room any more"


def holder(work: Path) -> int:
    """The process whose working folder this is."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == work:
                return int(process.name)
        except OSError:
            continue
    raise AssertionError(f"nobody works in {work}")


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_folders_go_once_their_end_was_told_and_nothing_else_does(hosts: list[Sshd]) -> None:
    bench = SshBench(hosts[:1], keep_ms=0)
    hosts[0].scratch.mkdir(mode=0o700)
    (hosts[0].scratch / "mine").write_text("somebody's")
    (hosts[0].scratch / ".econda-cut-off").mkdir()
    told, running = bench.begun("ends", "r.1"), bench.begun("lasts", "r.2")
    assert bench.ended(told).failure is None
    assert isinstance(bench.state(running), Running)
    assert bench.state(told) == Gone()
    assert sorted(each.name for each in hosts[0].scratch.iterdir()) == [running.partition("/")[2], "mine"]
    bench.driver.cancel(running)
    bench.ended(running)


def test_the_assignment_is_seen_by_the_worker_alone(
    hosts: list[Sshd], until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    bench = SshBench(hosts[:1])
    handle = bench.begun("lasts", "r.1")
    ready(bench, handle, until)
    assert (folder(bench, handle) / "work" / "seen").read_text() == "lasts", "the worker has read it"
    shown = subprocess.run(["ps", "-eww", "e", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert str(hosts[0].folder / "sshd_config") in shown
    assert SECRET not in shown
    for file in folder(bench, handle).rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file
    assert folder(bench, handle).stat().st_mode & 0o077 == 0
    bench.driver.cancel(handle)
    assert SECRET not in repr(bench.ended(handle))
    assert SECRET not in caplog.text
    assert SECRET not in (hosts[0].folder / "log").read_text()


def test_what_a_worker_prints_is_bounded(hosts: list[Sshd]) -> None:
    bench = SshBench(hosts[:1])
    handle = bench.begun("floods", "r.1")
    state = bench.ended(handle)
    assert state.message.startswith("h0: exit code 4: xxx")
    assert len(state.message) < 2_100
    assert (folder(bench, handle) / "output").stat().st_size < 3 << 20
    assert (folder(bench, handle) / "state").stat().st_size == 4096


def test_room_is_counted_by_host_and_freed_by_the_end(hosts: list[Sshd]) -> None:
    bench = SshBench(hosts[:2])
    batch = [replace(bench.submission("lasts", f"r.{n}"), cpu_milli=400) for n in range(5)]
    answers = bench.driver.submit(batch)
    assert [type(answer) for answer in answers] == [Accepted] * 4 + [Later], "200 are left on each host, not 400"
    assert answers[4] == Later("h0: full; h1: full")
    found = bench.driver.capacity(bench.targets)["own"]
    assert isinstance(found, port.ByNode)
    assert [(node.name, node.cpu_milli, node.free_cpu_milli) for node in found.nodes] == [
        ("h0", 1000, 200),
        ("h1", 1000, 200),
    ]
    handles = [answer.handle for answer in answers if isinstance(answer, Accepted)]
    bench.driver.cancel(handles[0])
    bench.ended(handles[0])
    (again,) = bench.driver.submit(batch[4:])
    assert isinstance(again, Accepted)
    for handle in [*handles, again.handle]:
        bench.driver.cancel(handle)
    (never,) = bench.driver.submit([replace(batch[0], chunk="r.9", cpu_milli=1001)])
    assert never == Refused("no host of own has the cores, the memory and the GPUs for it")


def test_schedulers_at_once_do_not_fill_a_host_twice(hosts: list[Sshd]) -> None:
    benches = [SshBench(hosts[:1]) for _ in range(4)]

    def submit(number: int) -> Answer:
        wanted = replace(benches[number].submission("lasts", f"r.{number}"), cpu_milli=400)
        return benches[number].driver.submit([wanted])[0]

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(submit, range(4)))
    taken = [answer.handle for answer in answers if isinstance(answer, Accepted)]
    assert len(taken) == 2, answers
    assert answers.count(Later("h0: full")) == 2
    for handle in taken:
        benches[0].driver.cancel(handle)


def test_jobs_have_gpus_of_their_own(hosts: list[Sshd]) -> None:
    bench = SshBench(hosts[:1])
    target = bench.target(hosts[:1], overrides=[{"gpu": 3}])
    wanted = [replace(bench.submission("gpus", f"r.{n}"), target=target, gpu=n) for n in (2, 1, 0)]
    answers = bench.driver.submit(wanted)
    handles = [answer.handle for answer in answers if isinstance(answer, Accepted)]
    assert [bench.ended(handle).message for handle in handles] == [
        "h0: exit code 5: 0,1",
        "h0: exit code 5: 2",
        "h0: exit code 5",
    ]


def test_hosts_of_an_unreadable_declaration_are_unknown_and_refused(hosts: list[Sshd]) -> None:
    bench = SshBench(hosts)
    for change in ({"host_key": ""}, {"name": "a/b"}, {"cores": 3}):
        target = bench.target(hosts[:1], overrides=[change])
        driver = HostsPool({"own": target})
        (answer,) = driver.submit([replace(bench.submission("ends", "r.1"), target=target)])
        assert isinstance(answer, Refused)
        assert answer.why.startswith("the target of this pool cannot be read: ")
        assert isinstance(driver.capacity({"own": target})["own"], Unknown)
    assert isinstance(bench.driver.describe(["h7/econda-r-1"])[0], Gone)
    assert not isinstance(bench.state("h0/econda-r-1"), Ended)
    assert msgspec.json.decode(bench.targets["own"])["hosts"][0]["name"] == "h0"
