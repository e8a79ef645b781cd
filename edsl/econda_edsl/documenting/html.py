"""Pages of Markdown as HTML, with code in colours. HTML in a doc is shown, not obeyed."""

from __future__ import annotations

import re
from functools import cache
from html import escape

from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from econda_edsl.highlighting.lexer import EdslLexer

_LINK = re.compile(r'(<a href="(?!https?:)[^"#]+)\.md(["#])')
_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #1c2430; max-width: 62rem; margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; border-bottom: 1px solid #dde3ea; padding-bottom: .3rem; }
a { color: #1b5e9e; } code { font: .9em ui-monospace, monospace; background: #f2f5f8; padding: .1em .3em; border-radius: 4px; }
pre { background: #f7f9fb; border: 1px solid #dde3ea; border-radius: 6px; padding: .8rem 1rem; overflow-x: auto; }
pre code { background: none; padding: 0; }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: .6rem 0 1rem; }
th, td { border: 1px solid #dde3ea; padding: .35rem .7rem; text-align: left; vertical-align: top; } th { background: #f2f5f8; }
img { max-width: 100%; border: 1px solid #dde3ea; border-radius: 6px; padding: .5rem; background: #fff; box-sizing: border-box; }
"""


def to_html(markdown: str, title: str) -> str:
    """A whole page; links to other pages lead to their HTML."""
    body = _HEADING.sub(_with_anchor, _LINK.sub(r"\1.html\2", _reader().render(markdown)))
    home = "" if title == "Pipelines" else '<p><a href="index.html">All files</a></p>\n'
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}{_colours()}</style>\n</head>\n<body>\n{home}{body}</body>\n</html>\n"
    )


@cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "highlight": _coloured}).enable("table")


@cache
def _colours() -> str:
    return HtmlFormatter(style="friendly").get_style_defs("pre")


def _coloured(text: str, language: str, _attributes: str) -> str:
    if language == "edsl":
        lexer = EdslLexer()
    else:
        try:
            lexer = get_lexer_by_name(language or "text")
        except ClassNotFound:
            return escape(text)
    return highlight(text, lexer, HtmlFormatter(nowrap=True))


def _with_anchor(match: re.Match[str]) -> str:
    """Headings are linked to as they are in Markdown on a forge."""
    text = _TAG.sub("", match[2]).lower()
    slug = re.sub(r"[^\w -]", "", text).strip().replace(" ", "-")
    return f'<h{match[1]} id="{slug}">{match[2]}</h{match[1]}>'
