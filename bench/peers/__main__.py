"""econda beside its peers: `python -m bench.peers`, one table of tasks per second, all measured in this run.

Each peer runs its own idiomatic program in an environment of its own. One that cannot be had or fails is a row with the
reason. `--only luigi,DBOS` measures these and ours, `--json FILE` keeps the numbers, `--plot FILE.svg` draws them and
`--markdown FILE` writes them as the tables of docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from bench.peers import rates, table
from bench.peers.catalogue import PEERS, Peer
from bench.peers.environments import CannotBeHad, python_of
from bench.peers.table import OURS, Row
from bench.shapes import SHAPES

FLOORS_AND_OURS: dict[bool, list[tuple[str, str, Callable[[], rates.Rates]]]] = {
    False: [
        ("SQLite floor", "two commits per task", rates.of_sqlite),
        (OURS, "`econda run`, Python in warm processes", rates.of_econda),
    ],
    True: [
        ("process floor", "`posix_spawn` of `true`, two at a time, in the chain one", rates.of_process_start),
        (OURS, "`econda run`, a shell for each task", rates.of_econda_processes),
    ],
}


def measured(peers: list[Peer]) -> list[Row]:
    """All rows, each printed as soon as it is known."""
    rows: list[Row] = []
    for a_process_per_task, own in FLOORS_AND_OURS.items():
        print(table.heading(a_process_per_task))
        ours: rates.Rates = {}
        here = [Row(name, how, a_process_per_task, rate()) for name, how, rate in own]
        ours = here[-1].rates
        for row in here:
            print(table.line(row, ours), flush=True)
        for peer in peers:
            if peer.a_process_per_task == a_process_per_task:
                here.append(_row_of(peer))
                print(table.line(here[-1], ours), flush=True)
        rows += here
        print()
    print(table.notes(rows))
    return rows


def _row_of(peer: Peer) -> Row:
    try:
        return table.row_of(peer, rates.of_peer(peer))
    except (CannotBeHad, subprocess.SubprocessError, OSError, ValueError, IndexError) as error:
        return table.row_of(peer, {}, str(error))


def main() -> None:
    options = _options()
    load_before = os.getloadavg()[0]
    folder = rates.keep_folders_in_memory()
    rows = measured(options.only)
    machine = (
        f"{os.cpu_count()} cores, load {load_before:.1f} before and {os.getloadavg()[0]:.1f} after, data in {folder}"
    )
    print(f"Each rate is the best of {rates.TIMES} runs, or of one that took more than {rates.LONG_SECONDS} s.")
    print(f"(n×): ours is n times as much. {machine}")
    kept = json.dumps({"shapes": list(SHAPES), "machine": machine, "rows": [asdict(row) for row in rows]}, indent=2)
    if options.json:
        options.json.write_text(kept + "\n")
    if options.markdown:
        options.markdown.write_text(table.markdown(rows) + "\n")
    if options.plot:
        _draw(kept, options.plot)


def _draw(kept: str, picture: Path) -> None:
    program = Path(__file__).parent / "plot" / "program.py"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "rows.json"
        source.write_text(kept)
        subprocess.run([str(python_of("plot")), str(program), str(source), str(picture)], check=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description="econda beside its peers")
    parser.add_argument("--only", metavar="NAME,…", type=_named, default=PEERS, help="measure only these, and ours")
    parser.add_argument("--json", metavar="FILE", type=Path, help="keep the numbers")
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the tables of docs/performance.md")
    parser.add_argument("--plot", metavar="FILE.svg", type=Path, help="draw the numbers")
    return parser.parse_args()


def _named(words: str) -> list[Peer]:
    by_name = {peer.name.lower(): peer for peer in PEERS}
    unknown = [word for word in words.split(",") if word.strip().lower() not in by_name]
    if unknown:
        known = ", ".join(peer.name for peer in PEERS)
        raise argparse.ArgumentTypeError(f"no peer `{unknown[0].strip()}`: there are {known}")
    return [by_name[word.strip().lower()] for word in words.split(",")]


if __name__ == "__main__":
    main()
