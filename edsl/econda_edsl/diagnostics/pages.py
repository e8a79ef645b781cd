"""The page of every diagnostic: what it means, why it is an error, a bad and a good example.

Pages are Markdown files in `explanations/`. `python -m econda_edsl.diagnostics.pages` writes all of them as one document.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from econda_edsl.diagnostics.spelling import did_you_mean

_TITLE = re.compile(r"# (E\d{4}): (.+)")
_FENCE = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|(t))")


class UnknownCode(LookupError):
    """No diagnostic has this code; the message names a near one."""


@dataclass(frozen=True, slots=True)
class Example:
    """A program and the files of its bundle."""

    source: bytes
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """`markdown` is the page as it is shown; the examples in it as programs."""

    code: str
    title: str
    markdown: str
    bad: Example
    good: Example

    @property
    def anchor(self) -> str:
        """The page's place in the document of all pages."""
        heading = f"{self.code}: {self.title}"
        return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


@cache
def codes() -> tuple[str, ...]:
    """All codes that have a page, in order."""
    folder = resources.files("econda_edsl.diagnostics").joinpath("explanations")
    return tuple(sorted(f.name.removesuffix(".md") for f in folder.iterdir() if f.name.endswith(".md")))


def page(code: str) -> Page:
    """The page of a code, in capitals or not. Raises `UnknownCode`."""
    wanted = code.upper()
    if wanted not in codes():
        help_ = did_you_mean(wanted, codes())
        raise UnknownCode(f"there is no diagnostic `{code}`" + (f"; {help_}" if help_ else ""))
    text = resources.files("econda_edsl.diagnostics").joinpath("explanations", f"{wanted}.md").read_text("utf-8")
    return read_page(text)


def read_page(markdown: str) -> Page:
    """Read a page. Raises `ValueError` for text without title or examples."""
    title = _TITLE.match(markdown)
    head, bad, rest = markdown.partition("\n## Bad\n")
    wrong, good, right = rest.partition("\n## Good\n")
    if title is None or not bad or not good or not head:
        raise ValueError("a page has a title, `## Bad` and `## Good`")
    return Page(title[1], title[2], markdown, _example(wrong), _example(right))


def catalogue() -> str:
    """All pages as one Markdown document."""
    pages = [page(code) for code in codes()]
    lines = [
        "# Errors of the language",
        "",
        "What every code means, with an example that it refuses and one that is right. `econda explain E0401` shows one page.",
        "This file is written by `python -m econda_edsl.diagnostics.pages`; change the pages in `edsl/econda_edsl/diagnostics/explanations`.",
        "",
        *(f"- [{p.code}](#{p.anchor}) {p.title}" for p in pages),
        "",
    ]
    return "\n".join(lines) + "\n" + "\n".join(re.sub(r"^#", "##", p.markdown, flags=re.MULTILINE) for p in pages)


def _example(text: str) -> Example:
    source, files = b"", {}
    for language, info, body in _FENCE.findall(text):
        if language == "edsl" and not info.endswith((".edsl", ".lock")):
            source = _program(body.encode(), info)
        else:
            files[info] = body.encode()
    if not source:
        raise ValueError("an example has a block of `edsl`")
    return Example(source, files)


def _program(body: bytes, info: str) -> bytes:
    """`escaped` examples have bytes that no page can hold; `times N` ones go on with their last line."""
    if info == "escaped":
        return _ESCAPE.sub(lambda m: bytes([int(m[1], 16)]) if m[1] else b"\t", body)
    if info.startswith("times "):
        return body + (body.splitlines(keepends=True)[-1]) * int(info.removeprefix("times "))
    return body


if __name__ == "__main__":
    sys.stdout.write(catalogue())
