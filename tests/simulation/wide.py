"""Pipelines of a large team: each of at least two hundred instances, of a few steps."""

from __future__ import annotations

import random

from tests.simulation.generate import Program, compiled_program
from tests.simulation.workload import Nature

LEAST_INSTANCES = 200


def wide(seed: str) -> Program:
    """The pipeline of a seed: one wide fan, a fan of fans, or two in a row; short tasks, some of which fail at first."""
    dice = random.Random(seed)
    natures = {
        name: Nature(
            flaky=dice.choice([0, 0, 0, 1]), breaks=dice.choice([0, 0, 97]), longest_ms=dice.choice([40, 400, 2_000])
        )
        for name in ("t0", "t1")
    }
    lines = ["edsl 1"]
    for name in natures:
        needs = ["    needs:", f"        time = {dice.choice(['20ms', '1s', '5s'])}"] * (dice.random() < 0.7)
        retry = f"    retry = linear(attempts = {dice.randint(2, 4)}, wait = {dice.choice(['10ms', '2s'])})"
        run = ["    run python:", f"        y = x  # {name}"]
        lines += ["", f"task {name}(x: Int) -> (y: Int):", *needs, retry, *run]
    tolerate = " with tolerate = 100%" if dice.random() < 0.7 else " with tolerate = 5%"
    lines += ["", "pipeline p(n: Int = 3) -> (r: Int):"]
    members = dice.randint(LEAST_INSTANCES, LEAST_INSTANCES + 40)
    match dice.randrange(3):
        case 0:
            lines += [f"    f = foreach i in 1..{members}{tolerate}:", "        a = t0(i)", "        gather a.y", "    return r = sum(f.done)"]  # fmt: skip
        case 1:
            lines += [f"    f = foreach i in 1..{-(-members // 12)}{tolerate}:", f"        g = foreach j in 1..12{tolerate}:",
                      "            a = t0(i + j)", "            gather a.y", "        gather sum(g.done)", "    return r = sum(f.done)"]  # fmt: skip
        case _:
            lines += [f"    f = foreach i in 1..{members // 2}{tolerate}:", "        a = t0(i)", "        b = t1(a.y)", "        gather b.y",
                      "    c = t0(len(f.done))", "    return r = sum(f.done) + c.y"]  # fmt: skip
    return compiled_program("\n".join([*lines, ""]), natures)
