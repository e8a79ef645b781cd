"""Types and expressions as they are written."""

from __future__ import annotations

from collections.abc import Sequence

from econda_edsl.compiler import syntax as s


def type_text(written: s.TypeExpr) -> str:
    """A type as it is written."""
    match written:
        case s.TypeName(name=name, args=args, module=module):
            inner = f"[{', '.join(map(type_text, args))}]" if args else ""
            return (f"{module}." if module else "") + name + inner
        case s.TypeOptional(of=of):
            return f"({type_text(of)})?" if isinstance(of, s.TypeUnion) else f"{type_text(of)}?"
        case s.TypeUnion(members=members):
            return " | ".join(map(type_text, members))
        case s.TypeLiteral(value=value):
            return f'"{value}"'


def expr_text(expr: s.Expr, lines: Sequence[str]) -> str:
    """An expression as it stands in the lines of its file, on one line."""
    span = expr.span
    found = [
        line.split(" #")[0].strip() if number else line
        for number, line in enumerate(lines[span.line - 1 : span.end_line])
    ]
    if not found:
        return ""
    found[-1] = (
        lines[span.end_line - 1][: span.end_column - 1].strip() if len(found) > 1 else found[-1][: span.end_column - 1]
    )
    found[0] = found[0][span.column - 1 :].strip()
    return " ".join(found)


def field_head(f: s.Field, lines: Sequence[str]) -> str:
    """`name: Type in low..high`."""
    text = f"{f.name.text}: {type_text(f.type)}"
    return text + (f" in {expr_text(f.range, lines)}" if f.range is not None else "")


def field_text(f: s.Field, lines: Sequence[str]) -> str:
    """`name: Type in low..high = default`, as it was written."""
    return field_head(f, lines) + (f" = {expr_text(f.default, lines)}" if f.default is not None else "")
