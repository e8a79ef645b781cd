"""A plan as SVG: layers from top to bottom, loops and branches as boxes around their own layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from econda_edsl.plan import AnyNode, Plan
from econda_edsl.plan.nodes import blocks_of, label_of

_LETTER, _HEIGHT, _GAP, _LAYER, _PAD, _TITLE = 7.2, 34, 24, 40, 16, 24
_FILLS = {"Call": "#e8f1fb", "Value": "#f4f4f4", "Assert": "#fdf3dc", "Fail": "#fbe3e3"}
_STYLE = "text{font:13px sans-serif;fill:#222}.t{fill:#555}path{fill:none;stroke:#888;stroke-width:1.3}"


@dataclass(slots=True)
class _Box:
    """A drawn node; positions of `inner` boxes are relative to this one."""

    label: str
    kind: str
    width: float
    height: float
    x: float = 0
    y: float = 0
    inner: list[_Box] = field(default_factory=list)
    edges: list[tuple[_Box, _Box]] = field(default_factory=list)


def to_svg(plan: Plan) -> str:
    """A readable picture that needs no program but a browser."""
    root = _block(plan.name, "pipeline", plan.body)
    parts: list[str] = []
    _draw(root, _PAD, _PAD, parts)
    width, height = root.width + 2 * _PAD, root.height + 2 * _PAD
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
        f' viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(plan.name)}">'
        f"<style>{_STYLE}</style>"
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<polygon points="0,0 8,4 0,8" fill="#888"/></marker></defs>' + "".join(parts) + "</svg>\n"
    )


def _node(node: AnyNode) -> _Box:
    label, kind = label_of(node), type(node).__name__
    blocks = list(blocks_of(node))
    if not blocks:
        return _Box(label, kind, max(70, len(label) * _LETTER + 2 * _PAD), _HEIGHT)
    if len(blocks) == 1:
        return _block(label, kind, blocks[0][1])
    arms = [_block(title, "arm", body) for title, body in blocks]
    return _compound(label, kind, [arms], [])


def _block(label: str, kind: str, body: tuple[AnyNode, ...]) -> _Box:
    boxes = {node.id: _node(node) for node in body}
    layers: dict[str, int] = {}
    for node in _in_order(body):
        layers[node.id] = 1 + max((layers[w] for w in node.waits if w in layers), default=-1)
    rows: list[list[_Box]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for node in body:
        rows[layers[node.id]].append(boxes[node.id])
    edges = [(boxes[w], boxes[node.id]) for node in body for w in node.waits if w in boxes]
    return _compound(label, kind, rows, edges)


def _in_order(body: tuple[AnyNode, ...]) -> list[AnyNode]:
    """Nodes after what they wait for (a plan has no cycles)."""
    by_id = {node.id: node for node in body}
    done: dict[str, AnyNode] = {}
    for node in body:
        stack = [node]
        while stack:
            top = stack[-1]
            open_ = [by_id[w] for w in top.waits if w in by_id and w not in done]
            if open_ and top.id not in done:
                stack += open_
            else:
                done[stack.pop().id] = top
    return list(done.values())


def _compound(label: str, kind: str, rows: list[list[_Box]], edges: list[tuple[_Box, _Box]]) -> _Box:
    widths = [sum(b.width for b in row) + _GAP * (len(row) - 1) for row in rows]
    width = max([len(label) * _LETTER, *widths], default=0.0) + 2 * _PAD
    y = _TITLE + _PAD / 2
    for row, row_width in zip(rows, widths, strict=True):
        x = (width - row_width) / 2
        for box in row:
            box.x, box.y = x, y
            x += box.width + _GAP
        y += max(b.height for b in row) + _LAYER
    height = max(y - _LAYER, _TITLE) + _PAD
    return _Box(label, kind, width, height, inner=[b for row in rows for b in row], edges=edges)


def _draw(box: _Box, x: float, y: float, parts: list[str]) -> None:
    compound = box.kind not in _FILLS
    dash = ' stroke-dasharray="4 3"' if box.kind == "arm" else ""
    fill = _FILLS.get(box.kind, "none")
    parts.append(
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="6" fill="{fill}"'
        f' stroke="#9ab"{dash}/>'
    )
    if compound:
        parts.append(f'<text class="t" x="{x + 10:.1f}" y="{y + 17:.1f}">{escape(box.label)}</text>')
    else:
        middle = f'x="{x + box.width / 2:.1f}" y="{y + box.height / 2 + 4.5:.1f}" text-anchor="middle"'
        parts.append(f"<text {middle}>{escape(box.label)}</text>")
    for upper, lower in box.edges:
        parts.append(_edge(upper, lower, x, y))
    for inner in box.inner:
        _draw(inner, x + inner.x, y + inner.y, parts)


def _edge(upper: _Box, lower: _Box, x: float, y: float) -> str:
    x1, y1 = x + upper.x + upper.width / 2, y + upper.y + upper.height
    x2, y2 = x + lower.x + lower.width / 2, y + lower.y
    bend = max(14.0, (y2 - y1) / 2)
    curve = f"M{x1:.1f},{y1:.1f} C{x1:.1f},{y1 + bend:.1f} {x2:.1f},{y2 - bend:.1f} {x2:.1f},{y2:.1f}"
    return f'<path d="{curve}" marker-end="url(#a)"/>'
