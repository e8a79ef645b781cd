"""A program as EDSL text in the one style."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from econda_edsl.compiler.parse.layout import SOURCE_BYTES
from econda_edsl.formatting.source import format_source
from econda_edsl.writing import program as w
from econda_edsl.writing.literals import text_literal

_STEP = "    "


class NotWritable(Exception):
    """The text would be no EDSL program; the message says why. A mistake of who made the program."""


def too_long(program: w.Program) -> bool:
    """Whether the text would be longer than a source may be."""
    return len(_raw(program).encode("utf-8", "replace")) > SOURCE_BYTES


def source_text(program: w.Program) -> str:
    """The text, as `econda fmt` leaves it. Raises `NotWritable` for expressions that do not parse."""
    formatted = format_source(_raw(program))
    if formatted.text is None:
        first = formatted.diagnostics[0]
        line = formatted.source.split("\n")[first.span.line - 1].strip()
        raise NotWritable(f"{first.message}: {line[:200]}")
    return formatted.text


def _raw(program: w.Program) -> str:
    return "\n".join(_file(program)) + "\n"


def _file(program: w.Program) -> Iterator[str]:
    yield "edsl 1"
    yield ""
    yield from comments(program.head)
    if program.head:
        yield ""
    for record in program.records:
        yield from _remark(record.doc)
        yield f"type {record.name}:"
        yield from _indent(_field(f) for f in record.fields)
        yield ""
    for task in program.tasks:
        yield from comments(task.notes)
        yield from _task(task)
        yield ""
    for pipeline in program.pipelines:
        yield from comments(pipeline.notes)
        yield from _pipeline(pipeline)
        yield ""


def comments(notes: Iterable[str]) -> Iterator[str]:
    """Comment lines of at most 116 columns; a note of several lines keeps them."""
    for note in notes:
        for line in note.splitlines() or [""]:
            yield from (f"# {part}" for part in textwrap.wrap(_plain(line), 114) or [""])


def _remark(doc: str) -> Iterator[str]:
    yield from (f"## {_plain(line)}".rstrip() for line in doc.splitlines())


def _plain(line: str) -> str:
    """Without characters that a source may not have."""
    return "".join(c if c.isprintable() else " " for c in line).rstrip()


def _indent(lines: Iterable[str]) -> Iterator[str]:
    return (_STEP + line if line else "" for line in lines)


def _field(f: w.Input) -> str:
    written = f"{f.name}: {f.type}"
    if f.range:
        written += f" in {f.range}"
    if f.default is not None:
        written += f" = {f.default}"
    return written + (f"  ## {_plain(f.doc.splitlines()[0])}" if f.doc.strip() else "")


def _signature(inputs: list[w.Input], outputs: list[tuple[str, str]]) -> list[str]:
    """The brackets of a declaration, on several lines if an input has a doc."""
    results = f" -> ({', '.join(f'{name}: {type_}' for name, type_ in outputs)})" if outputs else ""
    if not any(f.doc.strip() for f in inputs):
        return [f"({', '.join(map(_field, inputs))}){results}:"]
    lines = ["("]
    for f in inputs:
        field, mark, doc = _field(f).partition("  ## ")
        lines.append(f"{_STEP}{field},{mark}{doc}")
    return [*lines, f"){results}:"]


def _doc(doc: str) -> Iterator[str]:
    text = "\n".join(_plain(line) for line in doc.strip().splitlines()).replace('"""', "'''")
    if text.endswith(("\\", '"')):
        text += " "
    if text:
        yield from f'"""{text}"""'.split("\n")


def _task(task: w.TaskText) -> Iterator[str]:
    first, *rest = _signature(task.inputs, task.outputs)
    yield f"task {task.name}{first}"
    yield from rest
    yield from _indent(_task_body(task))


def _task_body(task: w.TaskText) -> Iterator[str]:
    yield from _doc(task.doc)
    if task.needs or task.where:
        yield "needs:"
        yield from _indent(f"{name} = {value}" for name, value in task.needs.items())
        yield from _indent(f"where {test}" for test in task.where)
    yield from (f"{name} = {value}" for name, value in task.settings.items())
    match task.run:
        case w.Inline(language=language, body=body):
            yield f"run {language}:"
            yield from _indent(textwrap.dedent(body).strip("\n").replace("\0", "").split("\n"))
        case w.Entry(language=language, target=target):
            yield f"run {language} {text_literal(target)}"
        case w.Container(image=image, args=args):
            if args:
                yield f"args = [{', '.join(args)}]"
            yield f"run container {text_literal(image)}"


def _pipeline(pipeline: w.PipelineText) -> Iterator[str]:
    first, *rest = _signature(pipeline.inputs, pipeline.outputs)
    yield f"pipeline {pipeline.name}{first}"
    yield from rest
    yield from _indent(_doc(pipeline.doc))
    if pipeline.settings:
        yield f"{_STEP}with:"
        yield from _indent(_indent(f"{name} = {value}" for name, value in pipeline.settings.items()))
    yield from _indent(_steps(pipeline.steps))
    if pipeline.returns:
        yield f"{_STEP}return {', '.join(f'{name} = {value}' for name, value in pipeline.returns.items())}"


def _steps(steps: Iterable[w.Step]) -> Iterator[str]:
    for step in steps:
        yield from _step(step)


def _step(step: w.Step) -> Iterator[str]:
    match step:
        case w.Note(text=text):
            yield from comments([text])
        case w.Bind(name=name, expr=expr, after=after, settings=settings):
            bound = f"{name} = " if name else ""
            yield f"{bound}{expr}{' after ' + ', '.join(after) if after else ''}{_with(settings)}"
        case w.Foreach():
            bound = f"{step.name} = " if step.name else ""
            over = ", ".join(f"{name} in {value}" for name, value in step.over)
            bound += f"foreach {over}{' up to ' + step.up_to if step.up_to else ''}{_with(step.settings)}"
            yield f"{bound}:"
            yield from _indent(_steps(step.steps))
            if step.gather:
                yield f"{_STEP}gather {step.gather}"
        case w.When(arms=arms):
            for place, (test, body) in enumerate(arms):
                head = "else" if test is None else f"when {test}" if place == 0 else f"else when {test}"
                yield f"{head}:"
                yield from _indent(_steps(body))
        case w.Repeat():
            yield f"repeat up to {step.up_to}:"
            yield from _indent(f"carry {name}: {type_} = {start}" for name, type_, start in step.carries)
            yield from _indent(_steps(step.steps))
            yield from _indent(f"next {name} = {value}" for name, value in step.nexts.items())
            yield f"until {step.until}{' else fail ' + step.fail if step.fail else ''}"
        case w.Assert(test=test, message=message):
            yield f"assert {test}{', ' + message if message else ''}"
        case w.Fail(message=message):
            yield f"fail {message}"


def _with(settings: dict[str, str]) -> str:
    return f" with {', '.join(f'{name} = {value}' for name, value in settings.items())}" if settings else ""
