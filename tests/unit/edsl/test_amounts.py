"""Quantities as text: as people write them, exact, and read back to the same."""

from __future__ import annotations

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.evaluate.quantities import READERS
from econda_edsl.parameters.amounts import BASES, amount_text
from econda_edsl.parameters.texts import output_units
from hypothesis import given
from hypothesis import strategies as st

WRITTEN = [
    ("Money", 5_000_000, "$5"), ("Money", 5_500_000, "$5.50"), ("Money", 1, "$0.000001"), ("Money", -250_000, "-$0.25"),
    ("Money", 0, "$0"), ("Rate", 3_000_000, "$3/h"), ("Duration", 5_400_000, "1.5h"), ("Duration", 1_800_000, "30min"),
    ("Duration", 100_000, "100s"), ("Duration", 14 * 86_400_000, "14d"), ("Duration", 1_234, "1234ms"), ("Duration", 0, "0s"),
    ("Size", 2**34, "16GiB"), ("Size", 5 * 10**8, "500MB"), ("Size", 3 * 2**29, "1.5GiB"), ("Size", 1_234_567, "1234567B"),
    ("Size", 0, "0B"), ("Percent", 0.2, "20%"), ("Percent", 0.025, "2.5%"), ("Percent", -1, "-100%"),
    ("Bandwidth", 10**10, "10Gbps"), ("Bandwidth", 1, "0.001kbps"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "text"), WRITTEN, ids=lambda each: str(each))
def test_how_they_are_written(kind: str, value: float, text: str) -> None:
    assert amount_text(value, kind) == text


@given(st.sampled_from(sorted(set(BASES) - {"Percent"})), st.integers(0, 2**63 - 1))
def test_whole_ones_are_read_back(kind: str, value: int) -> None:
    assert READERS[kind](amount_text(value, kind)) == value


@given(st.floats(0, 100).filter(lambda x: x == 0 or x > 1e-15))
def test_shares_are_read_back(value: float) -> None:
    assert READERS["Percent"](amount_text(value, "Percent")) == value


def test_units_of_what_has_quantities_in_it_and_of_nothing_else() -> None:
    plan = compile_source(b"""edsl 1

type Inner:
    size: Size

type Trial:
    inner: Inner?
    n: Int

pipeline main() -> (a: List[Trial], b: Map[String, Duration?], c: Int, d: Trial?, e: String, f: Percent?):
    return a = [], b = {}, c = 1, d = none, e = "x", f = none
""").plan
    assert plan is not None
    values = {
        "a": [{"inner": {"size": 1024}, "n": 1}, {"inner": None, "n": 2}],
        "b": {"x": 1_000, "y": None}, "c": 1, "d": None, "e": "x", "f": None, "unknown": 5,
    }  # fmt: skip
    assert output_units(plan, values) == {
        "a": {"type": "List[Trial]", "written": [{"inner": {"size": "1KiB"}, "n": 1}, {"inner": None, "n": 2}]},
        "b": {"type": "Map[String, Duration?]", "unit": "ms", "written": {"x": "1s", "y": None}},
        "d": {"type": "Trial?", "written": None},
        "f": {"type": "Percent?", "unit": "fraction", "written": None},
    }
