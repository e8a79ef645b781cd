"""Rows in columns, as wide as there is room for; where there is no end of a line, nothing is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from econda_cloud.cli.terminal import BOLD, STATES, paint, width

GAP = "  "


@dataclass(frozen=True)
class Column:
    """`drop`: where there is no room, columns with the highest number go first; those with 0 stay."""

    title: str
    drop: int = 0


def print_rows(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int | None = None) -> None:
    """Print rows below the titles. A row that is still too long has its first cell on a line of its own."""
    room = width() if room is None else room
    kept = _fitting(columns, rows, room)
    cells = [[row[at] for at in kept] for row in ([column.title for column in columns], *rows)]
    # A column that says nothing is none.
    filled = [at for at in range(len(kept)) if at == 0 or any(row[at] for row in cells[1:])]
    cells = [[row[at] for at in filled] for row in cells]
    widths = [max(len(row[at]) for row in cells) for at in range(len(filled))]
    if room is not None and sum(widths) + len(GAP) * (len(widths) - 1) > room:
        for row in cells[1:]:
            print(row[0])
            print(GAP + _line(row[1:], [0] * len(row[1:])))
        return
    print(paint(_line(cells[0], widths), BOLD))
    for row in cells[1:]:
        print(_line(row, widths))


def _fitting(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int | None) -> list[int]:
    kept = list(range(len(columns)))
    if room is None:
        return kept
    wide = [max(len(columns[at].title), *(len(row[at]) for row in rows), 0) for at in kept]
    while sum(wide[at] + len(GAP) for at in kept) - len(GAP) > room:
        last = max(kept, key=lambda at: columns[at].drop)
        if columns[last].drop == 0:
            break
        kept.remove(last)
    return kept


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(wide) for cell, wide in zip(cells, widths, strict=True)]
    return GAP.join(paint(text, STATES.get(text.strip())) for text in padded).rstrip()
