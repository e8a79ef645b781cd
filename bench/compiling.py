"""How fast the compiler is: lines per second on a program of thousands of lines, and milliseconds of a cold start.

Beside each rate stands what the parser library alone takes for the same text in the same run; processor time, best of
some runs. `--profile` shows what a check spends its time on.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable
from pathlib import Path

from econda_edsl.compiler.compile import compile_source, examine
from econda_edsl.compiler.parse.grammar import grammar_text
from econda_edsl.compiler.parse.layout import lay_out
from econda_edsl.compiler.parse.library import built
from econda_edsl.compiler.parse.parser import parse
from econda_edsl.formatting.source import format_source
from lark import Lark

from bench.cold import seconds as cold_seconds
from bench.editing import program

LINES = (5_000, 20_000)
RUNS = 5
HELLO = Path(__file__).parent.parent / "edsl" / "examples" / "hello.edsl"
COLD = {
    "an empty interpreter": "pass",
    "import econda_edsl.compiler.compile": "import econda_edsl.compiler.compile",
    "and compile hello.edsl": f"from econda_edsl.compiler.compile import compile_source; compile_source(open({str(HELLO)!r}).read())",
}


def seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(RUNS):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


def library(parser: Lark, text: str) -> None:
    """Only what the parser library does, as it is: tokens and trees, nothing made of them."""
    for chunk in lay_out(text)[0].chunks[1:]:
        parser.parse(chunk.text, start="declaration")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--profile", action="store_true", help="show what a check spends its time on")
    if arguments.parse_args().profile:
        profile = cProfile.Profile()
        profile.runcall(examine, program(LINES[0]), {})
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return
    alone_parser = built(grammar_text())
    print(f"{'':<28}{'lines':>8}{'lines/s':>10}{'of the library':>16}")
    for wanted in LINES:
        text = program(wanted)
        lines, alone = text.count("\n"), seconds(lambda text=text: library(alone_parser, text))
        works: dict[str, Callable[[], object]] = {
            "parse": lambda text=text: parse(lay_out(text)[0]),
            "parse and check": lambda text=text: examine(text, {}),
            "compile to a plan": lambda text=text: compile_source(text),
            "format": lambda text=text: format_source(text),
        }
        print(f"{'the parser library alone':<28}{lines:>8,}{lines / alone:>10,.0f}{1:>15.2f}x")
        for name, work in works.items():
            taken = seconds(work)
            print(f"{name:<28}{lines:>8,}{lines / taken:>10,.0f}{taken / alone:>15.2f}x")
    print(f"\n{'cold':<28}{'ms':>8}")
    for name, code in COLD.items():
        print(f"{name:<28}{cold_seconds(code) * 1000:>8.0f}")


if __name__ == "__main__":
    main()
