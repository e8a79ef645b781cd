"""Symbols and words in the words of a reader: signatures, types, docs, values of literals."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.syntax import printing
from econda_edsl.compiler.syntax.printing import expr_text, type_text
from econda_edsl.evaluate import quantities
from econda_edsl.index.analysis import Analysis
from econda_edsl.index.symbols import Reference
from econda_edsl.lsp.cursor import Cursor
from econda_edsl.words import manual, prelude
from econda_edsl.words.manual_attributes import ATTRIBUTES, HANDLERS, LANGUAGES, RESOURCES

_NUMBER = re.compile(r"\$?\d[\d_]*(?:\.\d+)?(?:%|/?[A-Za-z]+)?")
_READERS = (
    ("bytes", quantities.read_size),
    ("milliseconds", quantities.read_duration),
    ("bits per second", quantities.read_bandwidth),
    ("micro-dollars per hour", quantities.read_rate),
    ("micro-dollars", quantities.read_money),
)


def signature(d: s.Task | s.Pipeline, analysis: Analysis) -> str:
    """A task or pipeline as it was declared, one input per line if it is long."""
    word = "pipeline" if isinstance(d, s.Pipeline) else "operator" if d.operator else "task"
    inputs = [field_text(f, analysis) for f in d.inputs]
    outputs = [field_text(f, analysis) for f in d.outputs]
    short = f"{word} {d.name.text}({', '.join(inputs)})" + (f" -> ({', '.join(outputs)})" if outputs else "")
    if len(short) <= 88:
        return short
    parts = [f"{word} {d.name.text}(", *(f"    {i}," for i in inputs), ")"]
    if outputs:
        parts[-1] += " -> ("
        parts += [*(f"    {o}," for o in outputs), ")"]
    return "\n".join(parts)


def field_text(f: s.Field, analysis: Analysis) -> str:
    """`name: Type in low..high = default`, as it was written."""
    return printing.field_text(f, analysis.lines)


def field_head(f: s.Field, analysis: Analysis) -> str:
    """`name: Type in low..high`."""
    return printing.field_head(f, analysis.lines)


def symbol_text(reference: Reference, analysis: Analysis) -> str:
    """What a reference stands for, as code."""
    symbol = reference.symbol
    match symbol.syntax:
        case s.Task() | s.Pipeline() if symbol.kind in ("task", "operator", "pipeline"):
            return signature(symbol.syntax, analysis)
        case s.Record() if symbol.kind == "type":
            fields = [f"    {field_text(f, analysis)}" for f in symbol.syntax.fields]
            return "\n".join([f"type {symbol.name}:", *fields])
        case s.Alias() if symbol.kind == "type":
            return f"type {symbol.name} = {type_text(symbol.syntax.type)}"
        case s.Let() if symbol.kind == "constant":
            return f"let {symbol.name}: {symbol.type.label} = {expr_text(symbol.syntax.expr, analysis.lines)}"
        case s.Function() if symbol.kind == "function":
            given = ", ".join(field_text(f, analysis) for f in symbol.syntax.inputs)
            return f"let {symbol.name}({given}): {type_text(symbol.syntax.type)} = {expr_text(symbol.syntax.expr, analysis.lines)}"
        case s.Field() if symbol.kind in ("input", "output", "field", "state"):
            return f"{symbol.kind} {field_text(symbol.syntax, analysis)}"
        case _:
            if symbol.origin is not None:
                return f'{symbol.kind} {symbol.name} from "{symbol.origin[0]}"'
            found = reference.type if reference.type.known else symbol.type
            return f"{symbol.name}: {found.label}" if found.known else f"{symbol.kind} {symbol.name}"


def word_entry(word: str, cursor: Cursor) -> manual.Entry | None:
    """The page of a word of the language at a place."""
    if cursor.calls:
        call = cursor.calls[-1]
        if call.callee in manual.RETRY and word in manual.RETRY[call.callee]:
            return manual.RETRY[call.callee][word]
        if word in manual.FAILURES and call.setting == "on":
            return manual.Entry(word, f"A kind of failure: {manual.FAILURES[word]}.")
    if cursor.before == "." and len(cursor.words) > 1 and (owner := cursor.words[-2].text) in ATTRIBUTES:
        if word in ATTRIBUTES[owner]:
            return manual.Entry(f"{owner}.{word}", _sentence(ATTRIBUTES[owner][word]))
        return None
    if cursor.blocks and cursor.blocks[-1] in RESOURCES and word in RESOURCES[cursor.blocks[-1]] and cursor.starts:
        return manual.Entry(word, _sentence(RESOURCES[cursor.blocks[-1]][word]))
    if word in LANGUAGES and cursor.before == "run":
        return manual.Entry(f"run {word}", _sentence(LANGUAGES[word]))
    if word in HANDLERS and cursor.before == "on":
        return manual.Entry(f"on {word}:", _sentence(HANDLERS[word]))
    place = settings_place(cursor)
    if place and word in manual.SETTINGS.get(place, {}):
        return manual.SETTINGS[place][word]
    if place == "step" and word in manual.SETTINGS["called pipeline"]:
        return manual.SETTINGS["called pipeline"][word]
    if word in manual.NAMES:
        return manual.NAMES[word]
    if word in (*prelude.FUNCTIONS, *prelude.FILES) and word in manual.FUNCTIONS:
        return manual.FUNCTIONS[word]
    if word in manual.TYPES:
        return manual.Entry(word, f"The type of {manual.TYPES[word]}.")
    if word in manual.KEYWORDS:
        return manual.Entry(word, _sentence(manual.KEYWORDS[word]))
    return None


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def settings_place(cursor: Cursor, pipelines: AbstractSet[str] = frozenset()) -> str | None:
    """Whose settings may stand at a place: of needs, a task, a step, a loop, a pipeline; None for other places.

    `pipelines` are the names by which pipelines can be called.
    """
    words = [w.text for w in cursor.words]
    if "with" in words and not (cursor.starts or cursor.calls):
        if "foreach" in words[:3]:
            return "foreach"
        head = words[: words.index("(")] if "(" in words else []
        called = "".join(head[head.index("=") + 1 :] if "=" in head else head)
        return "called pipeline" if called in pipelines else "step"
    if not cursor.blocks:
        return None
    block = cursor.blocks[-1]
    if block == "needs":
        return "needs"
    if block == "step with":
        return "step"
    if block == "with":
        return "pipeline"
    if block == "policy":
        return "policy"
    return "task" if block in ("task", "operator") else None


def literal_text(line: str, column: int) -> str:
    """What the number at a column is in its base unit; empty if there is none with a unit."""
    for match in _NUMBER.finditer(line):
        if match.start() < column <= match.end() + 1:
            for unit, read in _READERS:
                try:
                    return f"{match[0]} = {read(match[0]):,} {unit}"
                except ValueError:
                    continue
    return ""
