"""What a shell offers after a tab: names of what there is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PAIR = """edsl 1

task say(word: String) -> (text: String):
    run python:
        text = word

pipeline pair(first: String = "a", second: String = "b") -> (one: String, other: String):
    left = say(first)
    right = say(second)
    return one = left.text, other = right.text
"""


@pytest.fixture
def ran(shell):
    shell.write("pair.edsl", PAIR)
    shell("run", "pair.edsl")
    return shell


def offered(shell, line: str) -> list[str]:
    """What bash is told, in a process of its own, for this line with the cursor at its end."""
    words = line.split(" ")
    variables = {
        **os.environ,
        "_ECONDA_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    program = [sys.executable, "-c", "import sys; sys.argv[0] = 'econda'; from econda_cloud.cli import main; main()"]
    done = subprocess.run(
        program, cwd=shell.folder, env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.split()


@pytest.mark.parametrize(("line", "words"), [
    ("econda logs last pair/", ["pair/left", "pair/right"]),
    ("econda logs last s", ["say"]),
    ("econda why last pair/l", ["pair/left"]),
    ("econda show last --task ", ["say", "pair/left", "pair/right"]),
    ("econda get last o", ["one", "other"]),
    ("econda run pair.edsl -p ", ["first=", "second="]),
    ("econda show la", ["last"]),
    ("econda rep", ["replay"]),
    ("econda get nothing ", []),
    ("econda run absent.edsl -p ", []),
])  # fmt: skip
def test_a_line_is_completed(ran, line, words):
    assert offered(ran, line) == words
