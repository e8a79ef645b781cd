"""Draws the rows of `--json` as grouped bars on a logarithmic scale: `program.py ROWS.json PICTURE.svg`."""

from __future__ import annotations

import json
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Patch

COLOURS = ["#2f6f9f", "#e08e3c", "#5b9a68"]
MUTED = 0.45


def draw(axes: Axes, rows: list[dict], shapes: list[str], title: str) -> None:
    height = 0.8 / len(shapes)
    for place, shape in enumerate(shapes):
        lowest = [number + (place - (len(shapes) - 1) / 2) * height for number in range(len(rows))]
        rates = [row["rates"][shape] for row in rows]
        bars = axes.barh(lowest, rates, height * 0.92, color=COLOURS[place])
        for bar, row in zip(bars, rows):
            bar.set_alpha(MUTED if "floor" in row["name"] else 1)
        labels = [f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}" for rate in rates]
        axes.bar_label(bars, labels, padding=3, fontsize=7)
    axes.set_yticks(range(len(rows)), [row["name"] + ("*" if row["tasks"] else "") for row in rows])
    for label in axes.get_yticklabels():
        label.set_fontweight("bold" if label.get_text() == "econda" else "normal")
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(x=0.12, y=0.02)
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)


def main(source: str, picture: str) -> None:
    with open(source) as file:
        measured = json.load(file)
    plt.rcParams |= {"svg.hashsalt": "econda", "svg.fonttype": "none", "font.family": "sans-serif"}
    rows = [row for row in measured["rows"] if row["rates"]]
    groups = [[row for row in rows if row["a_process_per_task"] == each] for each in (False, True)]
    sizes = [max(len(group), 1) for group in groups]
    figure, plots = plt.subplots(
        2, 1, figsize=(9, 1.6 + 0.55 * sum(sizes)), height_ratios=sizes, sharex=True, layout="constrained"
    )
    titles = ["Tasks that do nothing", "A real process per task"]
    for axes, group, title in zip(plots, groups, titles):
        draw(axes, group, measured["shapes"], title)
    colours = [Patch(color=colour, label=shape) for colour, shape in zip(COLOURS, measured["shapes"])]
    figure.legend(handles=colours, loc="outside upper right", ncols=3, frameon=False, fontsize=8)
    plots[1].set_xlabel("tasks per second, logarithmic; * fewer tasks than the shape has", fontsize=8)
    figure.savefig(picture, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
