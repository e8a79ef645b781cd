"""Metaflow: a flow of the local runtime, with a process for each task; two workers, a data store of files.

A chain is its steps one after the other, each with one task.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

HEAD = "from metaflow import FlowSpec, step\n\n\nclass Bench(FlowSpec):\n"
STEP = "    @step\n    def {name}(self{inputs}):\n        {body}\n        {then}\n\n"
TAIL = "\nif __name__ == '__main__':\n    Bench()\n"


def a_step(name: str, then: str, body: str = "self.x = 1", inputs: str = "") -> str:
    following = f"self.next({then})" if then else "pass"
    return STEP.format(name=name, inputs=inputs, body=body, then=following)


def chain(length: int) -> str:
    names = ["start", *[f"step_{i}" for i in range(length - 2)], "end"]
    return "".join(a_step(name, f"self.{after}" if after else "") for name, after in zip(names, [*names[1:], ""]))


def layered(layers: int, width: int) -> str:
    """A join may not split again, so a step stands between a layer and the next."""
    written = ""
    for i in range(layers):
        name = f"split_{i}" if i else "start"
        written += a_step(name, f"self.noop_{i}, foreach='items'", f"self.items = list(range({width}))")
        written += a_step(f"noop_{i}", f"self.join_{i}", "self.x = self.input + 1")
        written += a_step(f"join_{i}", f"self.split_{i + 1}" if i + 1 < layers else "self.end", inputs=", inputs")
    return written + a_step("end", "")


if __name__ == "__main__":
    sizes = [int(size) for size in sys.argv[2:]]
    steps = {"fan": lambda width: layered(1, width), "chain": chain, "layered": layered}[sys.argv[1]](*sizes)
    Path("flow.py").write_text(HEAD + steps + TAIL)
    command = [sys.executable, "flow.py", "--quiet", "--no-pylint", "--metadata=local", "--datastore=local", "run"]
    begun = time.perf_counter()
    subprocess.run([*command, "--max-workers=2", f"--max-num-splits={max(sizes)}"], check=True, stdout=2)
    print(time.perf_counter() - begun)
