"""Where econda keeps what it keeps on this machine, and who is at work there. docs/files.md describes the folder."""

from __future__ import annotations

import os
from pathlib import Path

from econda_cloud.cli.output import FAILED, stop

VARIABLE = "ECONDA_HOME"


def home_folder() -> Path:
    """$ECONDA_HOME, or ~/.econda. Ends the command where neither can be told."""
    given = os.environ.get(VARIABLE) or "~/.econda"
    try:
        return Path(given).expanduser()
    except RuntimeError:
        stop(f"error: this user has no home directory; set {VARIABLE} to a folder that econda may write to", FAILED)


def embedded_folder() -> Path:
    """What runs of this machine are kept in."""
    return home_folder() / "embedded"


def usable_folder() -> Path:
    """Like `embedded_folder`, made if it is not there. Ends the command if it cannot be made or written to."""
    folder = embedded_folder()
    for each in reversed((folder, *folder.parents)):
        if each.exists() and not each.is_dir():
            stop(
                f"error: {each} is a file, and econda keeps its runs in a folder there; set {VARIABLE} to another",
                FAILED,
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        stop(
            f"error: {folder} cannot be made: {error.strerror}; set {VARIABLE} to a folder that can be written", FAILED
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        stop(f"error: {folder} cannot be written to; set {VARIABLE} to a folder that can be written", FAILED)
    return folder


def user_name() -> str:
    """Who types: the user's name, or the number of one that has none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
