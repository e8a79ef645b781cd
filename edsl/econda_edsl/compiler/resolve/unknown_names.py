"""What to say about a name that means nothing where it stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.resolve.scopes import Frame
from econda_edsl.compiler.resolve.tables import Tables
from econda_edsl.diagnostics import Diagnostic
from econda_edsl.diagnostics.spelling import nearest
from econda_edsl.words import prelude

_OTHER_WORDS = {
    "True": "true", "TRUE": "true", "False": "false", "FALSE": "false",
    "None": "none", "NONE": "none", "null": "none", "Null": "none", "NULL": "none", "nil": "none",
}  # fmt: skip


def half_bound(ref: s.Ref, when: s.When) -> Diagnostic:
    """The error for a name that only some paths bind."""
    help_ = (
        f"bind it in an `else:` of the `when` on line {when.span.line} (use `{ref.name} = none` to make it optional)"
    )
    return Diagnostic("E0502", f"`{ref.name}` is not bound on every path", ref.span, "may be unbound here", help=help_)


def unknown_name(
    ref: s.Ref, frames: Sequence[Frame], tables: Tables, *, words: Collection[str] = (), otherwise: str = ""
) -> Diagnostic | None:
    """The error for a name that no frame knows, or None where it may come from what could not be read.

    `words` are choices that may stand bare here; `otherwise` is the help when no other helps.
    """
    name = ref.name
    for frame in reversed(frames):
        place = frame.constant
        if place is not None and name in place.beside:
            label = f"`{name}` is {place.beside[name]}"
            return Diagnostic("E0308", f"{place.what} is a constant", ref.span, label, help=place.help)
    what = "a function" if name in prelude.FUNCTIONS else tables.kind_of(name)
    if what:
        help_ = f"call it: `{name}(…)`" if what in ("a task", "a pipeline", "a function") else ""
        label = "cannot be used without a call" if help_ else "not a value"
        return Diagnostic("E0201", f"`{name}` is {what}, not a value", ref.span, label, help=help_)
    if not tables.complete:
        return None
    if name in prelude.RESERVED:
        help_ = "it is known in `needs` and in the settings of a step" if name == "attempt" else ""
        return Diagnostic("E0201", f"`{name}` is a word of the language", ref.span, "not a value here", help=help_)
    for frame in reversed(frames):
        if name in frame.inside:
            step = frame.inside[name]
            word = type(step).__name__.lower()
            leaves = "`gather` it and read the loop's `.done`" if word == "foreach" else "`carry` it out of the rounds"
            label = f"known only inside the `{word}` on line {step.span.line}"
            return Diagnostic("E0201", f"unknown name `{name}`", ref.span, label, help=leaves)
    visible = chain(*(f.names for f in frames), tables.lets, words)
    near = _OTHER_WORDS.get(name) or nearest(name, visible)
    help_ = f"did you mean `{near}`?" if near else otherwise
    if words and not near:
        help_ = "one of " + ", ".join(f"`{word}`" for word in sorted(words))
    return Diagnostic("E0201", f"unknown name `{name}`", ref.span, "not bound in this scope", help=help_)


def not_a_value(ref: s.TypeRef, tables: Tables) -> Diagnostic:
    """The error for an Upper name where a value is wanted."""
    name = ref.name
    help_ = f"a record is made by `{name}(field = value)`" if name in tables.record_syntax else ""
    if name in _OTHER_WORDS:
        help_ = f"did you mean `{_OTHER_WORDS[name]}`?"
    return Diagnostic("E0201", f"`{name}` is not a value", ref.span, "an Upper name is a type", help=help_)
