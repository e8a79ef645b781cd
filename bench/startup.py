"""How long commands take that do next to nothing, beside an empty interpreter: medians and least, one after the other in turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 9
ECONDA = ("-c", "from econda_cloud.cli import main; main()")
COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "econda --help": (*ECONDA, "--help"),
    "econda check": (*ECONDA, "check", "hello/hello.edsl"),
    "econda run": (*ECONDA, "run", "hello/hello.edsl"),
    "econda show last": (*ECONDA, "show", "last"),
    "econda runs": (*ECONDA, "runs"),
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "ECONDA_HOME": os.path.join(folder, "home")}

        def seconds(words: tuple[str, ...]) -> float:
            begun = time.perf_counter()
            subprocess.run([sys.executable, *words], cwd=folder, env=environment, check=True, capture_output=True)
            return time.perf_counter() - begun

        seconds((*ECONDA, "new", "hello"))
        seconds(COMMANDS["econda run"])
        taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for _ in range(ROUNDS):
            for name, words in COMMANDS.items():
                taken[name].append(seconds(words))
    empty = statistics.median(taken["python -c pass"])
    print(f"{'':<20}{'median ms':>10}{'least ms':>10}{'ratio':>8}")
    for name, each in taken.items():
        middle = statistics.median(each)
        print(f"{name:<20}{middle * 1000:>10.0f}{min(each) * 1000:>10.0f}{middle / empty:>8.1f}")


if __name__ == "__main__":
    main()
