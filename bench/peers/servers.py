"""The servers that some peers need: started on free ports of 127.0.0.1, waited for, and stopped by their process id."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from econda_local.detached import answers, free_port

from bench.peers.environments import HERE, CannotBeHad, go_program_of, last_line, npm_packages_of, python_of

READY_SECONDS = 60
STOP_SECONDS = 10
Variables = dict[str, str]


@contextmanager
def no_server(folder: Path) -> Iterator[Variables]:
    del folder
    yield {}


@contextmanager
def restate(folder: Path) -> Iterator[Variables]:
    program = next(npm_packages_of("restate").glob("@restatedev/restate-server-*/bin/restate-server"), None)
    if program is None:
        raise CannotBeHad("npm has no server of this kind of machine")
    ingress, admin, node = free_port(), free_port(), free_port()
    settings = {
        "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ingress}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
        "RESTATE_BIND_ADDRESS": f"127.0.0.1:{node}",
        "RESTATE_ADVERTISED_ADDRESS": f"http://127.0.0.1:{node}",
        "RESTATE_LISTEN_MODE": "tcp",
        "RESTATE_BASE_DIR": str(folder),
        "RESTATE_NODE_NAME": "bench",
        "RESTATE_DISABLE_TELEMETRY": "true",
        "RESTATE_LOG_FILTER": "error",
    }
    addresses = {"RESTATE_INGRESS": f"http://127.0.0.1:{ingress}", "RESTATE_ADMIN": f"http://127.0.0.1:{admin}"}

    health = [f"http://127.0.0.1:{ingress}/restate/health", f"http://127.0.0.1:{admin}/health"]
    with running([str(program)], settings, folder, lambda: all(map(answers, health))):
        yield addresses


@contextmanager
def temporal(folder: Path) -> Iterator[Variables]:
    program = go_program_of("temporal", "github.com/temporalio/cli/cmd/temporal")
    port = free_port()
    command = [str(program), "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)]
    command += ["--db-filename", str(folder / "temporal.sqlite"), "--log-level", "error"]
    command += ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"]
    with running(command, {}, folder, lambda: _is_open(port)):
        yield {"TEMPORAL_ADDRESS": f"127.0.0.1:{port}"}


@contextmanager
def prefect(folder: Path) -> Iterator[Variables]:
    port = free_port()
    settings = {
        "PREFECT_HOME": str(folder),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "DO_NOT_TRACK": "1",
    }
    command = [
        str(python_of("prefect").with_name("prefect")),
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with running([*command, "--no-ui"], settings, folder, lambda: answers(f"{settings['PREFECT_API_URL']}/health")):
        yield settings


@contextmanager
def dagster(folder: Path) -> Iterator[Variables]:
    """No server: the folder of its SQLite."""
    yield {"DAGSTER_HOME": str(folder), "DAGSTER_DISABLE_TELEMETRY": "1"}


@contextmanager
def airflow(folder: Path) -> Iterator[Variables]:
    """No server: the tables of its SQLite, made once."""
    settings = {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(HERE / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    command = [str(python_of("airflow").with_name("airflow")), "db", "migrate"]
    env = os.environ | settings
    made = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=2 * READY_SECONDS)
    if made.returncode != 0:
        raise CannotBeHad(f"airflow db migrate: {last_line(made.stderr)}")
    yield settings


@contextmanager
def running(command: list[str], variables: Variables, folder: Path, is_ready: Callable[[], bool]) -> Iterator[None]:
    with (folder / "server.log").open("w") as log:
        env = os.environ | {"TMPDIR": str(folder)} | variables
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(server, is_ready, folder / "server.log")
        yield
    finally:
        stop(server)


def stop(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Ends the process and those that it started: they are a group of their own, named by its process id."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(STOP_SECONDS)
        except ProcessLookupError:
            process.wait()
            return
        except subprocess.TimeoutExpired:
            continue


def _wait_for(server: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while not is_ready():
        if server.poll() is not None:
            raise CannotBeHad(f"its server ended at once: {last_line(log.read_text())}")
        if time.monotonic() > until:
            raise CannotBeHad(f"its server did not answer within {READY_SECONDS} s")
        time.sleep(0.05)


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
