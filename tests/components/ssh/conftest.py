"""Real hosts: sshd of OpenSSH on addresses of the loopback, each with a scratch folder of its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from tests.waiting import wait

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
CONFIG = """
ListenAddress {address}:{port}
HostKey {host_key}
PidFile none
AuthorizedKeysFile {authorized}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
"""


@dataclass
class Sshd:
    """One host. `identity`: the private key that it lets in; `host_key`: its own public one."""

    folder: Path
    address: str
    port: int
    identity: Path
    host_key: str
    process: subprocess.Popen[bytes] | None = None
    scratch: Path = field(init=False)

    def __post_init__(self) -> None:
        self.scratch = self.folder / "scratch"

    def up(self) -> None:
        config = self.folder / "sshd_config"
        settings = {"host_key": self.folder / "host", "authorized": f"{self.identity}.pub"}
        config.write_text(CONFIG.format(address=self.address, port=self.port, **settings))
        assert SSHD is not None
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stdout=log, stderr=log)
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection((self.address, self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.02)

    def down(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def end_jobs(self) -> None:
        """Stop what still runs, as the driver would, and wait until it has ended: jobs outlive a test, too."""
        for wanted in self.scratch.glob("econda-*/wanted"):
            wanted.unlink()
        for state in self.scratch.glob("econda-*/state"):
            with state.open("rb") as file:
                wait(lambda file=file: _unlocked(file), f"{state.parent.name} has ended")

    def new_key(self) -> None:
        """As after a new installation: the host shows a key that nobody declared."""
        (self.folder / "host").unlink()
        (self.folder / "host.pub").unlink()
        keygen(self.folder / "host")


def _unlocked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def keygen(path: Path) -> str:
    """A new key pair; the public one, without its comment."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[list[Sshd]]:
    """Three hosts that are up."""
    if SSHD is None:
        pytest.skip("there is no sshd on this machine: `make test-ssh` installs openssh-server, where it may")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    keygen(tmp_path / "id")
    made = []
    for number in (1, 2, 3):
        folder = tmp_path / f"h{number}"
        folder.mkdir()
        address = f"127.0.0.{number}"
        made.append(Sshd(folder, address, free_port(address), tmp_path / "id", keygen(folder / "host")))
    try:
        for each in made:
            each.up()
        yield made
    finally:
        for each in made:
            each.down()
            each.end_jobs()
