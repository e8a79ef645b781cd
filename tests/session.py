"""A session as a user types it: a run that fails, its logs, the mending, and only what is left to do.

`python -m tests.session docs/images/session.svg` types it and draws what was seen.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PIPELINE = """edsl 1

task clean(data: File) -> (rows: List[Float]):
    run python:
        rows = [float(line.split(",")[1]) for line in open(data)]
        print("read", len(rows), "rows")

task fit(rows: List[Float], rate: Float) -> (loss: Float):
    run python:
        print("rate", rate)
        if rate > 0.3:
            raise ValueError(f"diverged at rate {rate}")
        loss = sum((x - rate) ** 2 for x in rows) / len(rows)

pipeline main(data: File, rates: List[Float] = [0.1, 0.2, 0.4]) -> (best: Float):
    rows = clean(data)
    sweep = foreach rate in rates up to 10:
        one = fit(rows.rows, rate)
        gather one.loss
    return best = min(sweep.done)
"""

TYPED = (
    "econda check train.edsl",
    "econda run train.edsl -p data=in.csv",
    "econda show last",
    "econda logs last fit --failed",
    "sed -i 's/rate > 0.3/rate > 0.5/' train.edsl",
    "econda run train.edsl -p data=in.csv --resume",
    "econda get last best -o results && cat results/best.json",
)


@dataclass(frozen=True)
class Seen:
    """A command, what it printed (errors too) and how it ended."""

    command: str
    text: str
    code: int


def typed(folder: Path) -> list[Seen]:
    """Type all of it in an empty folder."""
    (folder / "train.edsl").write_text(PIPELINE)
    (folder / "in.csv").write_text("a,1.5\nb,2.5\nc,0.5\n")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {
        **os.environ,
        "PATH": path,
        "ECONDA_HOME": str(folder / ".econda"),
        "COLUMNS": "110",
        "NO_COLOR": "1",
    }
    found = []
    for command in TYPED:
        done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120, check=False)  # fmt: skip
        found.append(Seen(command, done.stdout, done.returncode))
    return found


def drawing(session: list[Seen]) -> str:
    """The session as SVG."""
    from rich.console import Console
    from rich.text import Text

    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=124, file=nowhere)
        for each in session:
            console.print(Text.assemble(("$ ", "bold green"), (each.command, "bold")))
            console.print(Text(each.text.rstrip("\n")) if each.text else "", end="\n" if each.text else "")
        picture = console.export_svg(title="econda", unique_id="session")
    # It would fetch fonts from elsewhere; those of the reader are as good.
    return re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")


def main() -> None:
    [target] = map(Path, sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        session = typed(Path(folder))
    target.write_text(drawing(session))
    sys.stdout.write(f"{target}: {', '.join(shlex.split(each.command)[1] for each in session)}\n")


if __name__ == "__main__":
    main()
