"""One program whose code changes from run to run, as when somebody edits it: each run must give what its own code says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SOURCE = """edsl 1

task weigh(i: Int) -> (grams: Int, worker: Int):
    run python "kit/weigh.py:weigh"

task label(grams: Int) -> (text: String):
    cache = inputs
    run python:
        from kit.words import unit
        text = f"{grams} {unit()}"

task stamp(text: String) -> (text: String):
    run shell "stamp.sh"

pipeline main() -> (text: String, all: List[Int], workers: List[Int]):
    many = foreach i in 1..4:
        w = weigh(i)
        gather w
    named = label(10)
    stamped = stamp(named.text)
    return text = stamped.text, all = [each.grams for each in many.done], workers = [each.worker for each in many.done]
"""

_WEIGH = """import os
from kit.sizes import each


def weigh(i):
    worker = int(open(f"/proc/{os.getppid()}/stat").read().rpartition(")")[2].split()[1])
    return {"grams": each(i), "worker": worker}
"""


def _sizes(factor: int) -> str:
    return f"def each(i):\n    return {factor} * i\n"


def _words(unit: str) -> str:
    return f'def unit():\n    return "{unit}"\n'


def _stamp(mark: str) -> str:
    return f'printf "%s{mark}" "$text" > "$OUT/text"\n'


@dataclass(frozen=True)
class Version:
    """The files of a run, `None` for one that is gone, as they differ from the version before; and what is right."""

    files: Mapping[str, str | None]
    text: str
    factor: int

    @property
    def outputs(self) -> dict[str, object]:
        return {"text": self.text, "all": [self.factor * i for i in range(1, 5)]}


VERSIONS = (
    Version(
        {"kit/weigh.py": _WEIGH, "kit/sizes.py": _sizes(2), "kit/words.py": _words("g"), "stamp.sh": _stamp("!")},
        "10 g!", 2,
    ),
    Version({"kit/__init__.py": "", "kit/sizes.py": _sizes(3)}, "10 g!", 3),
    Version({"kit/sizes.py": _sizes(5), "kit/words.py": _words("t"), "stamp.sh": _stamp("?")}, "10 t?", 5),
    Version({"kit/sizes.py": _sizes(3), "kit/words.py": _words("g")}, "10 g?", 3),
    Version({"kit/sizes.py": None, "kit/sizes/__init__.py": "from kit.sizes.own import each\n",
             "kit/sizes/own.py": _sizes(7)}, "10 g?", 7),
    Version({"kit/sizes/own.py": _sizes(8)}, "10 g?", 8),
)  # fmt: skip
"""Many of the changes keep size and time of the file; the fourth goes back to what was there before."""


def folders() -> list[dict[str, str]]:
    """All files of each version."""
    found: list[dict[str, str]] = []
    for version in VERSIONS:
        files = {**(found[-1] if found else {"p.edsl": SOURCE}), **version.files}
        found.append({name: text for name, text in files.items() if text is not None})
    return found
