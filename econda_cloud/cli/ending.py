"""How a command ends: with an exit code, and a sentence for whatever a user, the disk or a cloud has caused."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import typer
from typer._click.exceptions import ClickException

from econda_cloud.cli.output import (
    BROKEN_PIPE,
    CANCELLED,
    FAILED,
    FAULT,
    NOT_COMPILED,
    USAGE,
    Stopped,
    as_json,
    say_error,
)

TRACEBACK = "ECONDA_TRACEBACK"
"""Set to 1, a fault of econda itself shows where it is."""


def ended(command: Callable[[], object]) -> int:
    """Call a command; its exit code, all that is to be said about its end being said. Raises nothing."""
    try:
        code = _code(command)
        sys.stdout.flush()
        return code
    except (BrokenPipeError, ReaderGone):
        _forget_output()
        return BROKEN_PIPE
    except OSError as error:
        # Standard output is a file on a disk that is full.
        _forget_output()
        sys.stderr.write(f"error: what the command prints cannot be written: {error.strerror}\n")
        return FAILED


def _code(command: Callable[[], object]) -> int:
    try:
        answer = command()
        return answer if isinstance(answer, int) else 0
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else FAILED
    except Said as said:
        say_error(said.stopped.message, said.stopped.exit_code)
        return said.stopped.exit_code
    except ClickException as error:
        if as_json.get():
            say_error(error.format_message(), error.exit_code)
        else:
            error.show()
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        say_error("interrupted", CANCELLED)
        return CANCELLED
    except (BrokenPipeError, ReaderGone):
        raise
    except Exception as error:
        if os.environ.get(TRACEBACK) == "1":
            raise
        message, code = sentence(error)
        say_error(f"error: {message}", code)
        return code


class Said(Exception):
    """What `Stopped` becomes on its way out of typer, which would take it for an ordinary exit."""

    def __init__(self, stopped: Stopped) -> None:
        super().__init__(stopped.message)
        self.stopped = stopped


class ReaderGone(Exception):
    """What `BrokenPipeError` becomes, which typer would take for an ordinary failure."""


def sentence(error: Exception) -> tuple[str, int]:
    """What to tell of an error that nobody has caught, and the exit code for it."""
    kind, module = type(error).__name__, type(error).__module__
    if module.startswith("botocore"):
        return _of_aws(error, kind), FAILED
    if module.startswith("sqlite3"):
        from econda_cloud.cli.runs.places import home_folder

        # What was said of the run before is in its log.
        mended = "once that is mended, `econda run FILE --resume` goes on"
        return f"the log of runs under {home_folder()}: {error}; {mended}", FAILED
    match error:
        case OSError():
            return _of_system(error), FAILED
        case _ if module.startswith("msgspec"):
            return f"something that econda has kept is damaged: {error}", FAILED
        case UnicodeDecodeError():
            return f"a file is not UTF-8 text: {error.reason} at byte {error.start}", USAGE
        case RecursionError():
            return "what was given is nested too deeply", NOT_COMPILED
        case MemoryError():
            return "this machine has not enough memory left for it", FAILED
        case _:
            last = error.__traceback__
            while last is not None and last.tb_next is not None:
                last = last.tb_next
            where = f" in {os.path.basename(last.tb_frame.f_code.co_filename)}:{last.tb_lineno}" if last else ""
            return f"a fault of econda itself{where}: {kind}: {error}; {TRACEBACK}=1 shows more, for a report", FAULT


def _of_aws(error: Exception, kind: str) -> str:
    if kind in ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError"):
        return f"{error}; if that is the local cloud, `econda local up` and `econda up` start it again"
    if kind in ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"):
        return f"AWS: {error}; `aws configure`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, give them"
    return f"AWS says: {error}"


def _of_system(error: OSError) -> str:
    from errno import EACCES, EDQUOT, ENOSPC, EPERM, EROFS

    advice = {
        ENOSPC: "make room there, or set ECONDA_HOME to a folder on another disk",
        EDQUOT: "make room there, or set ECONDA_HOME to a folder on another disk",
        EROFS: "choose a folder that can be written",
        EACCES: "its owner can give you the rights",
        EPERM: "its owner can give you the rights",
    }.get(error.errno or 0)
    about = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
    return f"{about}; {advice}" if advice else about


def _forget_output() -> None:
    """Whatever is left to write goes nowhere, so that the interpreter does not complain at its end."""
    try:
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, sys.stdout.fileno())
        os.close(sink)
    except (OSError, ValueError):
        return
