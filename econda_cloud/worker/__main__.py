"""The worker as a program: `python -m econda_cloud.worker` runs one assignment, read as JSON from standard input.

It needs Python, this package and a way to the gateway; no cloud, no account. Ends with 0 once its reports are taken, or
if another worker has the chunk; with 75 if the gateway could not be reached; with 64 for an assignment that is none.
A host that is taken away sends SIGTERM first: the attempt then saves its checkpoint and reports itself preempted.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from pathlib import Path

from econda_cloud.wire.assignment import Assignment, BadAssignment, decode_assignment
from econda_cloud.worker.gateway.client import GatewayAway, GatewayRefused
from econda_cloud.worker.work import Occasion, Worker

DONE, USAGE, REFUSED, AWAY = 0, 64, 77, 75
"""How the program ends; those of sysexits.h."""


def main(arguments: list[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    try:
        assignment = _assignment(options.file, options.variable)
    except (BadAssignment, OSError) as error:
        return _say(f"{error}", USAGE)
    handle = options.handle or f"{socket.gethostname()}:{os.getpid()}"
    occasion = Occasion(handle, options.index, assignment.ends_ms, lambda: bool(stopped), options.look_first)
    worker = Worker(scratch=options.scratch)
    try:
        worker.work(assignment, occasion)
    except GatewayAway as error:
        return _say(f"{error}", AWAY)
    except (GatewayRefused, ValueError) as error:
        return _say(f"{error}", REFUSED)
    finally:
        worker.close()
    return DONE


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m econda_cloud.worker", description="runs one chunk of attempts")
    parser.add_argument("--file", type=Path, help="read the assignment from this file, and remove it")
    parser.add_argument("--variable", help="read the assignment from this variable of the environment")
    parser.add_argument("--handle", help="what the pool calls this job; by default host and process")
    parser.add_argument("--index", type=int, help="which member of an array this is")
    parser.add_argument("--scratch", type=Path, help="where logs and fetched files are kept")
    parser.add_argument("--look-first", action="store_true", help="look for a cancellation before beginning")
    return parser


def _assignment(file: Path | None, variable: str | None) -> Assignment:
    if variable is not None:
        return decode_assignment(os.environ.get(variable, ""))
    if file is None:
        return decode_assignment(sys.stdin.buffer.read())
    data = file.read_bytes()
    # It holds a token, which whoever comes later needs not find.
    file.unlink()
    return decode_assignment(data)


def _say(message: str, code: int) -> int:
    print(f"econda worker: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
