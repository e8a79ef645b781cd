"""Text as it would look on a terminal once all of it was written: for messages, files and pipes, which are none."""

from __future__ import annotations

import re

# Control sequences (CSI), strings (OSC, DCS and their like, up to their end), and the two-letter ones; C1 codes too.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"
    r"|\x1b[ -/]*[0-~]?"
)
_COLOURS = re.compile(r"(\x1b\[[\d;:]*m)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Without escape codes and control characters; of a line that was written over, what was written last.

    Line ends and tabs stay. A progress bar becomes the last state that it had.
    """
    if text.isprintable():
        return text
    return "\n".join(map(_line, _ESCAPES.sub("", text).split("\n")))


def plain_but_coloured(text: str) -> str:
    """Like `plain`, for terminals where lines of several writers stand below each other: colours stay, and end with the line."""
    return "\n".join(map(_coloured, text.split("\n")))


def _coloured(line: str) -> str:
    parts = _COLOURS.split(_written_last(line))
    if len(parts) == 1:
        return plain(line)
    kept = [part if number % 2 else plain(part) for number, part in enumerate(parts)]
    return "".join(kept) + "\x1b[0m"


def _written_last(line: str) -> str:
    if "\r" not in line:
        return line
    written = [part for part in line.split("\r") if _ESCAPES.sub("", part).strip()]
    return written[-1] if written else ""


def _line(line: str) -> str:
    line = _written_last(line)
    return _CONTROLS.sub("", _backspaced(line) if "\b" in line else line)


def _backspaced(line: str) -> str:
    kept: list[str] = []
    for letter in line:
        if letter != "\b":
            kept.append(letter)
        elif kept:
            kept.pop()
    return "".join(kept)


def shortened(line: str, most: int) -> str:
    """A line of at most `most` characters: of a longer one the beginning and the end, which say the most."""
    if len(line) <= most:
        return line
    head = (most - 3) * 2 // 5
    return f"{line[:head]} … {line[len(line) - (most - 3 - head) :]}"
