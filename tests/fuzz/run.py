"""Fuzz the language: `python -m tests.fuzz.run --seconds 60 --seed 1`, guided by which lines of it were reached.

Inputs start from all golden programs and examples, and are made new with the words of the language. An input that
breaks something is left in `--crashes`, and the exit code is not 0. Run one again: `python -m tests.fuzz.run FILE`.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["econda_edsl"]):
    from econda_edsl.words import prelude

    from tests.fuzz.target import holds

ROOT = Path(__file__).parents[2]
LONGEST = 3_000
"""Bytes of an input: nearly all golden programs are shorter, and short inputs are quick."""
SLOW_S = 100
"""Seconds that one input may take: the largest constants allowed are slow where every line is counted."""
SEEDS_A_SECOND = 5
"""All inputs to begin with are run before the time is looked at."""
_LARGE = re.compile(rb"\d{5}")
_SIGNS = [
    "->",
    "..",
    "??",
    "?.",
    "==",
    "!=",
    "**",
    "//",
    " % ",
    '"""',
    "{{",
    "edsl 1\n\n",
    "\n    ",
    "\n        ",
    "##",
    "$1/h",
    "16GiB",
    "5%",
]


def programs() -> list[Path]:
    found = [*(ROOT / "tests" / "corpus").rglob("source.edsl"), *(ROOT / "edsl" / "examples").rglob("*.edsl")]
    return sorted(p for p in found if p.stat().st_size <= LONGEST and not _LARGE.search(p.read_bytes()))


def words() -> list[str]:
    named = [prelude.RESERVED, prelude.FUNCTIONS, prelude.NEEDS, prelude.TASK, prelude.PIPELINE, prelude.STEP]
    return sorted({*_SIGNS, *(word for group in named for word in group)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int, help="stop after so many inputs instead, which is always the same")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--crashes", type=Path, default=ROOT / "build" / "fuzz")
    parser.add_argument("inputs", type=Path, nargs="*")
    given = parser.parse_args()
    for path in given.inputs:
        holds(path.read_bytes())
    if given.inputs:
        return
    given.crashes.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        seeds, dictionary = Path(folder) / "seeds", Path(folder) / "words"
        seeds.mkdir()
        beginning = programs()
        few = min(len(beginning), SEEDS_A_SECOND * given.seconds)
        for i, path in enumerate(random.Random(given.seed).sample(beginning, few)):
            (seeds / str(i)).write_bytes(path.read_bytes())
        dictionary.write_text("".join(_entry(word) for word in words()))
        limits = [
            f"-runs={given.runs}" if given.runs else f"-max_total_time={given.seconds}",
            f"-seed={given.seed}",
            f"-max_len={LONGEST}",
            f"-timeout={SLOW_S}",
        ]
        places = [f"-dict={dictionary}", f"-artifact_prefix={given.crashes}/", str(seeds)]
        atheris.Setup([sys.argv[0], *limits, *places], holds)
        atheris.Fuzz()


def _entry(word: str) -> str:
    """A line of libFuzzer's dictionary, which writes bytes as `\\x0a`."""
    text = "".join(c if c.isalnum() or c in " .$%?=*-_" else f"\\x{ord(c):02x}" for c in word)
    return f'"{text}"\n'


if __name__ == "__main__":
    main()
