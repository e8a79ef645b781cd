"""The examples: each checks, is in the one style and compiles; `test_example_runs` runs them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.formatting.source import format_source

from econda_cloud.cli.language.files_beside import files_beside

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "edsl" / "examples").rglob("*.edsl"))
SHARED = Path(os.environ.get("ECONDA_EDSL", ROOT.parent / "shared" / "edsl"))
"""Where the language was first written down, with six pipelines and what must be refused."""

REFUSED = {"colon": "E0107", "cycle": "E0401", "fit": "E0601", "loop": "E0504", "names": "E0201", "paren": "E0104",
           "policy": "E0304", "tab": "E0103", "unbounded": "E0112"}  # fmt: skip

# Files that the shared pipelines import or name, and that are not beside them.
COMPANIONS = {
    "features.edsl": "edsl 1\n\ntask build_features(day: Date) -> (table: Table):\n    run shell:\n        true\n",
    "stats.edsl": "edsl 1\n\ntype Point:\n    t: Float\n    magnetisation: Float\n    energy: Float\n\n"
    "task fit_exponent(points: List[Point]) -> (temperature: Float):\n    run python:\n        temperature = 2.269\n",
    "acme/train.py": "def fit(features, params): ...\n",
    "acme/evaluate.py": "def main(model): ...\n",
    "acme/canary.py": "def watch(url): ...\n",
    "acme/online.py": "def fold(batch, key, state): ...\n",
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_an_example_checks_and_is_in_the_one_style(path: Path) -> None:
    source = path.read_bytes()
    result = compile_source(source, str(path), files=files_beside(path, source), library=True)
    assert result.ok, result.render()
    assert format_source(source).text == source.decode()


def shared(folder: str) -> list[Path]:
    found = sorted((SHARED / folder).glob("*.edsl"))
    return found or [pytest.param(SHARED, marks=pytest.mark.skip(reason=f"no pipelines in {SHARED / folder}"))]  # type: ignore[list-item]


def bundle_of(path: Path) -> dict[str, bytes]:
    beside = {p.name: p.read_bytes() for p in path.parent.glob("*.edsl") if p != path}
    return {name: text.encode() for name, text in COMPANIONS.items()} | beside


@pytest.mark.parametrize("path", shared("examples"), ids=lambda p: p.name)
def test_the_first_pipelines_of_the_language_compile_and_have_a_fixed_point(path: Path) -> None:
    source = path.read_bytes()
    result = compile_source(source, path.name, files=bundle_of(path), library=True)
    assert result.ok, result.render()
    assert (result.plan is not None) == path.name[0].isdigit()
    once = format_source(source).text
    assert format_source(once.encode()).text == once
    again = compile_source(once, path.name, files=bundle_of(path), library=True)
    assert (again.plan and again.plan.digest) == (result.plan and result.plan.digest)


@pytest.mark.parametrize("path", shared("bad"), ids=lambda p: p.name)
def test_the_first_bad_pipelines_are_refused_with_the_right_code(path: Path) -> None:
    result = compile_source(path.read_bytes(), path.name, files={"fit.py": b"", "train.py": b"", "finetune.py": b""},
                            library=True)  # fmt: skip
    assert not result.ok
    assert REFUSED[path.stem] in {d.code for d in result.diagnostics}
