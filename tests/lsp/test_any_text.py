"""Whatever stands in the editor: every question has an answer, inside of the text, and edits arrive as they were made."""

from contextlib import suppress

from econda_edsl.index.analysis import analyse
from econda_edsl.index.memory import Memory
from econda_edsl.index.rename import CannotRename
from econda_edsl.lsp import navigation
from econda_edsl.lsp.actions import actions
from econda_edsl.lsp.completion import complete
from econda_edsl.lsp.findings import published
from econda_edsl.lsp.hover import hover
from econda_edsl.lsp.outline import outline, tokens
from econda_edsl.lsp.signatures import signature_help
from econda_edsl.lsp.texts import Text, from_units, units
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lsprotocol import types as p

from tests.corpus.test_mutated_programs import FRAGMENTS, SOURCES

MORE = [
    *FRAGMENTS,
    "",
    ".",
    "x.",
    "fit(",
    "by = .",
    "$",
    "{",
    "😀",
    "\r",
    "\u2028",
    "\x0c",
    "with ",
    "after ",
    "run ",
    "edsl 1\n",
    "    " * 40,
]
URI = "file:///nowhere/main.edsl"


def inside(text: Text, range_: p.Range) -> bool:
    ends = (range_.start, range_.end)
    return all(
        0 <= e.line < len(text.lines) and 0 <= e.character <= units(text.lines[e.line], text.encoding) for e in ends
    )


@st.composite
def broken_programs(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(SOURCES))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 1, 5, 60])))
        text = text[:start] + draw(st.sampled_from(MORE)) + text[end:]
    return text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(broken_programs(), st.data())
def test_every_question_is_answered_inside_of_the_text(source: str, data: st.DataObject) -> None:
    text = Text(source)
    memory = Memory()
    analysis = analyse(text.source, memory=memory)
    ranges = [d.range for d in published(text, URI, analysis)]
    ranges += [s.range for s in outline(text, analysis)]
    assert len(tokens(text, analysis)) % 5 == 0
    line = data.draw(st.integers(1, len(text.lines)))
    place = (line, data.draw(st.integers(1, len(text.lines[line - 1]) + 1)))
    found = hover(text, analysis, *place)
    ranges += [found.range] if found and found.range else []
    complete(text, analysis, *place, memory=memory)
    signature_help(text, analysis, *place)
    ranges += [x.range for x in navigation.highlights(text, analysis, place)]
    ranges += [x.range for x in navigation.references(text, URI, analysis, place, True)]
    whole = p.Range(p.Position(0, 0), p.Position(len(text.lines), 0))
    for action in actions(text, URI, 1, analysis, whole):
        assert action.edit is not None
    with suppress(CannotRename):
        navigation.renaming(text, URI, 1, analysis, place, "xyzzy")
    assert all(inside(text, r) for r in ranges)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_edits_arrive_as_the_editor_made_them(data: st.DataObject) -> None:
    """Against a text kept in code units, as an editor keeps it."""
    encoding, width = data.draw(st.sampled_from([("utf-16", "utf-16-le"), ("utf-8", "utf-8"), ("utf-32", "utf-32-le")]))
    size = {"utf-16": 2, "utf-8": 1, "utf-32": 4}[encoding]
    letters = st.text(st.sampled_from("ab é😀\u2028\x0c\n"), max_size=12)
    plain = data.draw(letters)
    text = Text(plain, encoding)
    for _ in range(5):
        edges = sorted(data.draw(st.tuples(st.integers(0, len(plain)), st.integers(0, len(plain)))))
        new = data.draw(letters)

        def at(offset: int, whole: str = plain) -> p.Position:
            before = whole[:offset]
            return p.Position(before.count("\n"), len(before.rpartition("\n")[2].encode(width)) // size)

        change = p.TextDocumentContentChangePartial(p.Range(at(edges[0]), at(edges[1])), new)
        text.change(change)
        plain = plain[: edges[0]] + new + plain[edges[1] :]
        assert text.source == plain


def test_units_and_letters_are_each_other_s_inverse() -> None:
    line = "a😀é"
    assert [from_units(line, n, "utf-16") for n in range(6)] == [0, 1, 1, 2, 3, 3]
    assert [from_units(line, n, "utf-8") for n in (0, 1, 4, 5, 6, 7)] == [0, 1, 1, 2, 2, 3]
