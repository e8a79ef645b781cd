"""Hosts that are full, silent, changed or broken: other hosts serve, else the work waits and says why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from econda_adapters.onprem.hosts import HostsPool
from msgspec.structs import replace

from econda_cloud.ports.pool import Accepted, ByNode, Ended, Later, PoolUnavailable, Running, Unknown
from tests.components.ssh.conftest import Sshd
from tests.components.ssh.hosts import SshBench

pytestmark = pytest.mark.component

AS_ROOT = [] if os.getuid() == 0 else ["sudo", "-n"]


@pytest.fixture
def small_disk(hosts: list[Sshd]) -> Iterator[Path]:
    """The scratch folder of the first host, on a disk of a quarter of a megabyte."""
    disk = hosts[0].scratch
    disk.mkdir(mode=0o700)
    options = f"size=256k,uid={os.getuid()},mode=700"
    mounted = subprocess.run([*AS_ROOT, "mount", "-t", "tmpfs", "-o", options, "none", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run([*AS_ROOT, "umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> None:
    written = subprocess.run(["dd", "if=/dev/zero", f"of={disk / 'ballast'}", "bs=4k"], capture_output=True)
    assert b"No space left on device" in written.stderr


def test_a_full_disk_takes_nothing_and_leaves_nothing(hosts: list[Sshd], small_disk: Path) -> None:
    alone = SshBench(hosts[:1])
    fill(small_disk)
    assert alone.driver.submit([alone.submission("ends", "r.1")]) == [Later("h0: No space left on device")]
    assert [each.name for each in small_disk.iterdir()] == ["ballast"]
    several = SshBench(hosts[:2])
    handle = several.begun("ends", "r.1")
    assert handle.startswith("h1/")
    assert several.ended(handle).failure is None


def test_jobs_end_and_are_cancelled_on_a_disk_that_filled_up(hosts: list[Sshd], small_disk: Path) -> None:
    bench = SshBench(hosts[:1])
    ends, lasts = bench.begun("brief", "r.1"), bench.begun("lasts", "r.2")
    fill(small_disk)
    assert bench.ended(ends).failure is None
    bench.driver.cancel(lasts)
    assert bench.ended(lasts).message == "h0: cancelled by econda"


def test_a_changed_host_key_is_never_accepted(hosts: list[Sshd]) -> None:
    bench = SshBench(hosts[:2])
    handles = [bench.begun("lasts", f"r.{n}") for n in range(2)]
    mine = next(handle for handle in handles if handle.startswith("h0/"))
    hosts[0].down()
    hosts[0].new_key()
    hosts[0].up()
    (answer,) = SshBench(hosts[:1]).driver.submit([bench.submission("ends", "r.3")][:1])
    assert isinstance(answer, Accepted), "the other host serves"
    assert answer.handle.startswith("h1/")
    alone = bench.target(hosts[:1])
    (refused,) = bench.driver.submit([replace(bench.submission("ends", "r.4"), target=alone)])
    assert isinstance(refused, Later)
    assert refused.why.startswith("h0: its key is not the one declared in `host_key`, and it was told nothing.")
    assert f"`ssh-keyscan -p {hosts[0].port} 127.0.0.1`" in refused.why
    state = bench.state(mine)
    assert isinstance(state, Unknown)
    assert "its key is not the one declared" in state.why
    with pytest.raises(PoolUnavailable, match="its key is not the one declared"):
        bench.driver.cancel(mine)
    bench.driver.cancel(next(handle for handle in handles if handle.startswith("h1/")))


def test_a_new_key_that_was_declared_is_trusted(hosts: list[Sshd]) -> None:
    before = SshBench(hosts[:1])
    handle = before.begun("lasts", "r.1")
    hosts[0].down()
    hosts[0].new_key()
    hosts[0].up()
    public = " ".join((hosts[0].folder / "host.pub").read_text().split()[:2])
    known = hosts[0].folder / "known_hosts"
    known.write_text(f"[127.0.0.1]:{hosts[0].port} {public}\n")
    for change in ({"host_key": public}, {"host_key": "", "known_hosts": str(known)}):
        driver = HostsPool({"own": before.target(hosts[:1], overrides=[change])})
        assert isinstance(driver.describe([handle])[0], Running)
    driver.cancel(handle)


def test_a_host_that_cannot_be_reached_is_left_out(hosts: list[Sshd]) -> None:
    bench = SshBench(hosts[:2])
    hosts[0].down()
    handles = [bench.begun("ends", f"r.{n}") for n in range(3)]
    assert {handle[:3] for handle in handles} == {"h1/"}
    found = bench.driver.capacity(bench.targets)["own"]
    assert isinstance(found, ByNode)
    assert [node.name for node in found.nodes] == ["h1"]
    assert len(found.away) == 1
    assert found.away[0].startswith("h0: it cannot be reached: ")


def test_a_host_that_lets_nobody_in_or_has_no_python_is_left_out(hosts: list[Sshd], tmp_path: Path) -> None:
    bench = SshBench(hosts)
    stranger = tmp_path / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    changes = [{"python": "no-such-python"}, {"identity": str(stranger)}, {"identity": str(tmp_path / "none")}]
    target = bench.target(hosts, overrides=changes)
    driver = HostsPool({"own": target})
    (answer,) = driver.submit([replace(bench.submission("ends", "r.1"), target=target)])
    assert isinstance(answer, Later)
    python, key, missing = answer.why.split("; ")
    assert "no-such-python" in python
    assert "not found" in python
    assert key.endswith(f"with the key {stranger}")
    assert "No such file" in missing
    mixed = bench.target(hosts, overrides=[*changes[:2], {}])
    (answer,) = driver.submit([replace(bench.submission("ends", "r.1"), target=mixed)])
    assert isinstance(answer, Accepted)
    assert answer.handle.startswith("h2/")
    assert isinstance(bench.ended(answer.handle), Ended)


def test_a_job_whose_beginning_was_not_heard_of_is_begun_nowhere_else(hosts: list[Sshd], tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"
    begins = f'case $asked in *\\"begin\\"*) {sys.executable} "$@" < "$0.asked" > /dev/null; exit 1;; esac'
    script = (
        f'#!/bin/sh\ncat > "$0.asked"; asked=$(cat "$0.asked")\n{begins}\nexec {sys.executable} "$@" < "$0.asked"\n'
    )
    deaf.write_text(script)
    deaf.chmod(0o700)
    bench = SshBench(hosts[:2])
    # Roomier, so it is asked first.
    changes = [{"python": str(deaf), "cpu_milli": 4000}, {}]
    target = bench.target(hosts[:2], overrides=changes, command=["sh", "-c", f"echo run >> {tmp_path}/runs"])
    driver = HostsPool({"own": target})
    busy = replace(bench.submission("ends", "r.0"), cpu_milli=500)
    assert isinstance(bench.driver.submit([busy])[0], Accepted)
    wanted = replace(bench.submission("ends", "r.1"), target=target)
    (answer,) = driver.submit([wanted])
    assert isinstance(answer, Later)
    assert answer.why.startswith("h0: ")
    (again,) = driver.submit([wanted])
    assert isinstance(again, Accepted)
    assert again.handle.startswith("h0/")
    assert bench.ended(again.handle).failure is None
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_shell_that_greets_is_no_trouble(hosts: list[Sshd], tmp_path: Path) -> None:
    greeting = tmp_path / "python"
    greeting.write_text(f'#!/bin/sh\necho "welcome to this machine"\nexec {sys.executable} "$@"\n')
    greeting.chmod(0o700)
    bench = SshBench(hosts[:1])
    target = bench.target(hosts[:1], overrides=[{"python": str(greeting)}])
    assert isinstance(bench.driver.submit([replace(bench.submission("ends", "r.1"), target=target)])[0], Accepted)


def test_a_scratch_folder_of_somebody_else_is_not_used(hosts: list[Sshd]) -> None:
    bench = SshBench(hosts[:1])
    hosts[0].scratch.mkdir()
    if subprocess.run([*AS_ROOT, "chown", "65534", str(hosts[0].scratch)]).returncode:
        pytest.skip("only root can give a folder to somebody else")
    (answer,) = bench.driver.submit([bench.submission("ends", "r.1")])
    assert answer == Later(f"h0: PermissionError: {hosts[0].scratch} belongs to another user")
    subprocess.run([*AS_ROOT, "chown", str(os.getuid()), str(hosts[0].scratch)], check=True)
    assert list(hosts[0].scratch.iterdir()) == []
