"""The table: two groups of rows, each with its floor and econda first, a rate for each shape and how often ours is theirs."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.peers.catalogue import FULL, Peer
from bench.peers.rates import Rates
from bench.shapes import SHAPES

OURS = "econda"
GROUPS = {False: "tasks that do nothing, tasks/s", True: "a real process per task, tasks/s"}
NAMES, CELLS, REASON = 34, 24, 110


@dataclass
class Row:
    name: str
    how: str
    a_process_per_task: bool
    rates: Rates = field(default_factory=dict)
    tasks: dict[str, int] = field(default_factory=dict)
    """How many tasks were measured, where that is fewer than the shape has."""
    left_out: str = ""

    @property
    def is_floor(self) -> bool:
        return "floor" in self.name


def row_of(peer: Peer, rates: Rates, left_out: str = "") -> Row:
    fewer = {shape: peer.tasks(shape) for shape in FULL if not peer.is_whole(shape)}
    return Row(peer.name, peer.how, peer.a_process_per_task, rates, fewer, left_out)


def heading(a_process_per_task: bool) -> str:
    return f"{GROUPS[a_process_per_task]:<{NAMES}}" + "".join(f"{shape:>{CELLS}}" for shape in SHAPES)


def line(row: Row, ours: Rates) -> str:
    if row.left_out:
        return f"{row.name:<{NAMES}}left out: {row.left_out[:REASON]}"
    return f"{row.name:<{NAMES}}" + "".join(f"{_cell(row, shape, ours):>{CELLS}}" for shape in SHAPES)


def notes(rows: list[Row]) -> str:
    fewer = [f"{row.name} {'/'.join(str(row.tasks[shape]) for shape in SHAPES)}" for row in rows if row.tasks]
    return f"* measured with fewer tasks: {', '.join(fewer)}" if fewer else ""


def markdown(rows: list[Row]) -> str:
    """The two groups as the tables of docs/performance.md."""
    lines: list[str] = []
    for a_process_per_task, title in GROUPS.items():
        group = [row for row in rows if row.a_process_per_task == a_process_per_task]
        ours = next((row.rates for row in group if row.name == OURS), {})
        lines += ["", f"| {title} | {' | '.join(SHAPES)} | how |", "|---" * (len(SHAPES) + 2) + "|"]
        for row in group:
            cells = [_cell(row, shape, ours) for shape in SHAPES] if not row.left_out else ["–"] * len(SHAPES)
            lines.append(f"| {row.name} | {' | '.join(cells)} | {row.left_out or row.how} |")
    return "\n".join(lines[1:])


def _cell(row: Row, shape: str, ours: Rates) -> str:
    rate = row.rates[shape]
    mark = "*" if shape in row.tasks else ""
    if row.is_floor or row.name == OURS or shape not in ours:
        return f"{_figures(rate)}{mark}"
    return f"{_figures(rate)}{mark} ({_figures(ours[shape] / rate)}×)"


def _figures(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}"
