"""A plan as a picture in text: Mermaid, Graphviz DOT, and SVG (see `graph_svg`)."""

from __future__ import annotations

from collections.abc import Callable

from econda_edsl.drawing.svg import to_svg
from econda_edsl.plan import AnyNode, Call, Foreach, Plan, Repeat, When
from econda_edsl.plan.nodes import blocks_of, label_of

__all__ = ["to_dot", "to_mermaid", "to_svg"]


def to_mermaid(plan: Plan) -> str:
    """A Mermaid flowchart; loops and branches are subgraphs."""
    lines = ["flowchart TD"]
    _walk(plan.body, "n", 1, lines, _mermaid_node, _mermaid_cluster, "end", "-->")
    return "\n".join(lines) + "\n"


def to_dot(plan: Plan) -> str:
    """A Graphviz digraph; loops and branches are clusters."""
    lines = [f"digraph {_quoted(plan.name)} {{", "  compound=true; node [shape=box, style=rounded];"]
    _walk(plan.body, "n", 1, lines, _dot_node, _dot_cluster, "}", "->")
    return "\n".join([*lines, "}"]) + "\n"


def _walk(
    body: tuple[AnyNode, ...],
    prefix: str,
    depth: int,
    lines: list[str],
    node_line: Callable[[str, AnyNode], str],
    cluster_line: Callable[[str, str], str],
    close: str,
    arrow: str,
) -> None:
    """Write the nodes of a block, then its edges. A compound node is drawn as itself beside its clusters."""
    margin = "  " * depth
    keys = {node.id: f"{prefix}_{i}" for i, node in enumerate(body)}
    for node in body:
        key = keys[node.id]
        lines.append(margin + node_line(key, node))
        for i, (title, inner) in enumerate(blocks_of(node)):
            lines.append(margin + cluster_line(f"{key}_{i}", f"{node.id} {title}".strip()))
            _walk(inner, f"{key}_{i}n", depth + 1, lines, node_line, cluster_line, close, arrow)
            lines.append(margin + close)
            if inner:
                lines.append(f"{margin}{key} {arrow} {key}_{i}n_0")
    for node in body:
        lines += [f"{margin}{keys[other]} {arrow} {keys[node.id]}" for other in node.waits if other in keys]


def _mermaid_node(key: str, node: AnyNode) -> str:
    text = _mermaid_text(label_of(node))
    match node:
        case Call():
            return f'{key}["{text}"]'
        case When():
            return f'{key}{{"{text}"}}'
        case Foreach() | Repeat():
            return f'{key}[["{text}"]]'
        case _:
            return f'{key}(["{text}"])'


def _mermaid_cluster(key: str, title: str) -> str:
    return f'subgraph {key} ["{_mermaid_text(title)}"]'


def _mermaid_text(text: str) -> str:
    return text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")


def _dot_node(key: str, node: AnyNode) -> str:
    shape = {"When": "diamond", "Foreach": "box3d", "Repeat": "box3d", "Call": "box"}.get(
        type(node).__name__, "ellipse"
    )
    return f"{key} [label={_quoted(label_of(node))}, shape={shape}];"


def _dot_cluster(key: str, title: str) -> str:
    return f"subgraph cluster_{key} {{ label={_quoted(title)};"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
