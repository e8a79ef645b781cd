"""Diagnostics as text with carets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from econda_edsl.diagnostics.diagnostic import Diagnostic

SHOWN = 20
WIDEST = 160
LONGEST = 400

_RED, _BLUE, _BOLD, _OFF = "\x1b[31;1m", "\x1b[34;1m", "\x1b[1m", "\x1b[0m"


def render(
    diagnostics: Sequence[Diagnostic],
    text: str,
    path: str,
    *,
    color: bool = False,
    imported: Mapping[str, str] | None = None,
) -> str:
    """Render up to 20 diagnostics, separated by blank lines; says how many were left out.

    `text` is the file compiled, at `path`; `imported` holds the text of other files by path.
    """
    texts = {"": text, **(imported or {})}
    lines = {where: texts.get(where, "").split("\n") for where in {d.path for d in diagnostics[:SHOWN]}}
    parts = [_render_one(d, lines[d.path], d.path or path, color) for d in diagnostics[:SHOWN]]
    if len(diagnostics) > SHOWN:
        parts.append(f"… and {len(diagnostics) - SHOWN} more")
    return "".join(part + "\n\n" for part in parts).rstrip("\n") + ("\n" if parts else "")


def _render_one(d: Diagnostic, lines: Sequence[str], path: str, color: bool) -> str:
    red, blue, bold, off = (_RED, _BLUE, _BOLD, _OFF) if color else ("", "", "", "")
    out = [f"{red}error[{d.code}]{off}{bold}: {_printable(d.message)}{off}"]
    pad = " " * max(1, len(str(d.span.line)))
    if d.span.line > 0:
        out += _picture(d, lines, path, pad, (red, blue, off))
    else:
        out.append(f"{pad}{blue}-->{off} {path}")
    out += [f"{pad} {blue}={off} {_printable(note)}" for note in d.notes]
    if d.help:
        out.append(f"{pad} {blue}={off} help: {_printable(d.help)}")
    return "\n".join(out)


def _picture(d: Diagnostic, lines: Sequence[str], path: str, pad: str, colors: tuple[str, str, str]) -> list[str]:
    red, blue, off = colors
    source = lines[d.span.line - 1] if d.span.line <= len(lines) else ""
    start = d.span.column - 1
    end = d.span.end_column - 1 if d.span.end_line == d.span.line else len(source.rstrip())
    width = max(1, end - start)
    shown, start = _window(source, start)
    width = max(1, min(width, len(shown) - start))
    return [
        f"{pad}{blue}-->{off} {path}:{d.span.line}:{d.span.column}",
        f"{pad} {blue}|{off}",
        f"{blue}{d.span.line} |{off} {shown}".rstrip(),
        f"{pad} {blue}|{off} {' ' * start}{red}{'^' * width} {_printable(d.label)}".rstrip() + off,
    ]


def _window(source: str, start: int) -> tuple[str, int]:
    """A part of a very long line around the caret, with the caret's place in it."""
    source = source.rstrip()
    if len(source) <= WIDEST:
        return _printable(source), start
    first = max(0, start - WIDEST // 3)
    cut = _printable(source[first : first + WIDEST])
    return ("…" + cut, start - first + 1) if first else (cut + "…", start)


def _printable(text: str) -> str:
    """Keep terminals safe: control characters never reach them raw."""
    if len(text) > LONGEST:
        text = text[: LONGEST // 2] + "…" + text[-LONGEST // 4 :]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c in "\t\n\r" else "�" for c in text)
