"""Golden programs: what is refused and how it is said, what is accepted and its plan.

Set ECONDA_UPDATE_CORPUS=1 to write the files anew, then read the difference.
"""

import json
import os
from pathlib import Path

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.diagnostics.pages import codes
from econda_edsl.plan import decode_plan, encode_plan

HERE = Path(__file__).parent
BAD = sorted(p for p in (HERE / "bad").iterdir() if p.is_dir())
OK = sorted(p for p in (HERE / "ok").iterdir() if p.is_dir())
UPDATE = os.environ.get("ECONDA_UPDATE_CORPUS") == "1"


def check(golden: Path, found: str) -> None:
    if UPDATE:
        golden.write_text(found)
    assert found == golden.read_text()


def bundle(case: Path) -> dict[str, bytes]:
    """The other files of a case: what it imports or runs, and perhaps a lock."""
    return {p.name: p.read_bytes() for p in case.iterdir() if p.name not in ("source.edsl", "diagnostics.txt")}


@pytest.mark.parametrize("case", BAD, ids=lambda p: p.name)
def test_refused(case: Path) -> None:
    result = compile_source((case / "source.edsl").read_bytes(), "source.edsl", files=bundle(case))
    assert result.plan is None
    assert case.name.split("-")[0] in {d.code for d in result.diagnostics}
    check(case / "diagnostics.txt", result.render())


@pytest.mark.parametrize("case", OK, ids=lambda p: p.name)
def test_accepted(case: Path) -> None:
    result = compile_source((case / "source.edsl").read_bytes(), "source.edsl")
    assert result.plan is not None, result.render()
    found = json.loads(encode_plan(result.plan))
    check(case / "plan.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("case", OK, ids=lambda p: p.name)
def test_a_plan_survives_encoding(case: Path) -> None:
    plan = compile_source((case / "source.edsl").read_bytes()).plan
    assert plan is not None
    data = encode_plan(plan)
    assert encode_plan(decode_plan(data)) == data


def test_every_code_has_a_case_and_no_two_cases_are_the_same() -> None:
    """But E0115, for which a source of more than a MiB would have to be kept; tests/unit/edsl has one. And E1105, which
    the programs of other languages say: tests/unit/cli has that.
    """
    assert {case.name.split("-")[0] for case in BAD} == set(codes()) - {"E0115", "E1105"}
    said = [(case / "diagnostics.txt").read_text() for case in BAD]
    assert len(set(said)) == len(BAD) >= 300
    assert len(OK) >= 8
