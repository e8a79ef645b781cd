"""Terminals have colours and an end of the line; pipes have neither."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

PROGRAM = [sys.executable, "-c", "from econda_cloud.cli import main; main()"]

FAN = """edsl 1

task a_task_with_a_long_name(i: Int) -> (y: Int):
    run python:
        print("at", i)
        if i == 2:
            raise ValueError("this record of the table is bad in more than one way, and so it is not taken")
        y = i

pipeline a_fan_with_a_long_name() -> (ys: List[Int]):
    members_of_the_fan = foreach i in 1..3 with tolerate = 50%:
        it_is_done = a_task_with_a_long_name(i)
        gather it_is_done.y
    return ys = members_of_the_fan.done
"""


def on_terminal(words: list[str], columns: int, **variables: str) -> str:
    """What a command shows on a terminal so wide."""
    outside, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    with subprocess.Popen([*PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=inside, stderr=inside,
                          env={**environment, "TERM": "xterm", **variables}) as process:  # fmt: skip
        os.close(inside)
        shown = b""
        while True:
            try:
                part = os.read(outside, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
    os.close(outside)
    assert process.returncode == 0, shown
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture
def ran(shell):
    shell.write("fan.edsl", FAN)
    shell("run", "fan.edsl")


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("words", [["show"], ["show", "--all"], ["show", "--failed"], ["runs"], ["logs"]], ids=" ".join)
def test_sixty_columns_are_enough(words):
    shown = on_terminal(words, 60)
    assert "\x1b[" in shown
    # A path and a name are whole, so that they can be copied; all else ends where the terminal does.
    lines = [re.sub(r"\x1b\[\d+m", "", line) for line in shown.splitlines()]
    long = [
        line
        for line in lines
        if len(line) > 60 and not re.match(r"  outputs: |a_fan\S+$|  a_fan\S+$|a_fan\S+ \|", line)
    ]
    assert long == []


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_who_wants_no_colours_gets_none(variable):
    assert "\x1b" not in on_terminal(["show"], 200, **{variable: "dumb"})


def test_a_log_keeps_its_colours_on_a_terminal_and_loses_them_in_a_pipe(shell):
    shell.write(
        "colour.edsl", FAN.replace('print("at", i)', r'print("\x1b[35mat\x1b[0m", i)').replace("i == 2", "False")
    )
    shell("run", "colour.edsl")
    instance = "a_fan_with_a_long_name/members_of_the_fan[0]/it_is_done"
    assert on_terminal(["logs", "last", instance], 80) == "\x1b[35mat\x1b[0m 1\n"
    assert shell("logs", "last", instance).stdout == "at 1\n"
