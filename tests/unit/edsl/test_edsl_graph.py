"""Plans as pictures."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.drawing.text import to_dot, to_mermaid, to_svg
from econda_edsl.plan.nodes import label_of

OK = sorted((Path(__file__).parents[2] / "corpus" / "ok").glob("*/source.edsl"))


@pytest.mark.parametrize("path", OK, ids=lambda p: p.parent.name)
def test_every_plan_can_be_drawn(path: Path) -> None:
    plan = compile_source(path.read_text()).plan
    assert plan is not None
    svg = ET.fromstring(to_svg(plan))
    texts = "".join(svg.itertext())
    dot, mermaid = to_dot(plan), to_mermaid(plan)
    assert dot.count("{") == dot.count("}")
    lines = [line.split()[0] for line in mermaid.splitlines()]
    assert lines.count("subgraph") == lines.count("end")
    for node in plan.body:
        assert label_of(node) in texts
        assert label_of(node) in dot
        assert label_of(node) in mermaid


def test_edges_are_drawn() -> None:
    path = next(p for p in OK if p.parent.name == "nested")
    plan = compile_source(path.read_text()).plan
    assert plan is not None
    assert "-->" in to_mermaid(plan)
    assert " -> " in to_dot(plan)
    assert to_svg(plan).count("<path d=") >= 4
