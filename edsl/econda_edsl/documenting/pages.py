"""One page per file as Markdown, and a page that lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.compile import compile_source
from econda_edsl.compiler.syntax.comments import shown
from econda_edsl.compiler.syntax.printing import expr_text, field_text, type_text
from econda_edsl.diagnostics import Diagnostic
from econda_edsl.documenting.tables import cell, code, fields_table, settings_list, table
from econda_edsl.drawing.text import to_svg
from econda_edsl.index.analysis import Analysis, analyse


@dataclass(frozen=True, slots=True)
class Page:
    """`name` is that of the page's file without ending; `pictures` are SVG documents by file name."""

    name: str
    title: str
    summary: str
    markdown: str
    pictures: dict[str, str] = field(default_factory=dict)


class NotDocumented(Exception):
    """A file has errors; `diagnostics` tell which."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(f"{len(diagnostics)} errors")
        self.diagnostics = diagnostics


def file_page(text: str, path: str, name: str, files: Mapping[str, bytes]) -> Page:
    """The page of one file. Raises `NotDocumented` for a file with errors."""
    analysis = analyse(text, files, path=PurePosixPath(path).name)
    if analysis.diagnostics or analysis.checked is None:
        raise NotDocumented(analysis.diagnostics)
    work = _Writer(analysis, text, PurePosixPath(path).name, name, files)
    return work.page(path)


def index_page(pages: list[Page]) -> str:
    """The list of all pages."""
    rows = [[f"[{cell(p.title)}]({p.name}.md)", cell(p.summary)] for p in pages]
    return "\n".join(["# Pipelines", "", *table(["file", "about"], rows)]) + "\n"


@dataclass(slots=True)
class _Writer:
    analysis: Analysis
    text: str
    path: str
    name: str
    files: Mapping[str, bytes]
    lines: list[str] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)

    def page(self, path: str) -> Page:
        assert self.analysis.checked is not None
        declarations = self.analysis.checked.unit.program.declarations
        pipelines = [d for d in declarations if isinstance(d, s.Pipeline)]
        tasks = [d for d in declarations if isinstance(d, s.Task)]
        summary = self.summary(pipelines, tasks)
        self.lines += [f"# {PurePosixPath(path).name}", ""]
        about = self.about()
        self.lines += [about, ""] if about else []
        for d in pipelines:
            self.pipeline(d)
        for d in tasks:
            self.task(d)
        self.types(declarations)
        self.functions([d for d in declarations if isinstance(d, s.Function)])
        self.constants([d for d in declarations if isinstance(d, s.Let)])
        markdown = "\n".join(self.lines).rstrip() + "\n"
        return Page(self.name, PurePosixPath(path).name, about.split("\n")[0] or summary, markdown, self.pictures)

    def about(self) -> str:
        """The `##` comment at the top of the file, apart from the first declaration."""
        lines = self.text.split("\n")
        number = 1
        while number < len(lines) and not lines[number].strip():
            number += 1
        found = []
        while number < len(lines) and lines[number].startswith("##"):
            found.append(lines[number].lstrip("#").strip())
            number += 1
        apart = number >= len(lines) or not lines[number].strip()
        return shown("\n".join(found)) if apart else ""

    def summary(self, pipelines: list[s.Pipeline], tasks: list[s.Task]) -> str:
        for d in (*pipelines, *tasks):
            if d.doc:
                return d.doc.split("\n")[0]
        return ", ".join(d.name.text for d in (*pipelines, *tasks)[:6])

    # ---- declarations

    def pipeline(self, d: s.Pipeline) -> None:
        self.lines += [f"## Pipeline `{d.name.text}`", ""]
        self.doc(d.doc)
        self.signature(d, in_code=False)
        self.lines += settings_list(d.settings, self.analysis)
        compiled = compile_source(self.text, self.path, files=self.files, pipeline=d.name.text)
        if compiled.plan is not None:
            picture = f"{self.name}-{d.name.text}.svg"
            self.pictures[picture] = to_svg(compiled.plan)
            self.lines += [f"![The steps of {d.name.text}]({picture})", ""]
        called = sorted(self.called(d))
        if called:
            self.lines += ["Calls " + ", ".join(f"[{name}](#{anchor})" for name, anchor in called) + ".", ""]

    def called(self, d: s.Pipeline) -> set[tuple[str, str]]:
        """The tasks of this file that a pipeline calls, with the places where they are described."""
        inside = range(d.name.span.line, self.end(d) + 1)
        return {
            (r.symbol.name, f"{r.symbol.kind}-{r.symbol.name.lower()}")
            for r in self.analysis.index.references
            if r.span.line in inside and r.symbol.kind in ("task", "operator") and r.symbol.origin is None
        }

    def end(self, d: s.Pipeline) -> int:
        symbol = next(x for x in self.analysis.index.top() if x.syntax is d)
        after = [x.span.line for x in self.analysis.index.top() if x.span.line > symbol.span.line]
        return min(after) - 1 if after else len(self.analysis.lines)

    def task(self, d: s.Task) -> None:
        word = "Operator" if d.operator else "Task"
        self.lines += [f"## {word} `{d.name.text}`", ""]
        self.doc(d.doc)
        self.signature(d, in_code=True)
        needs = settings_list(
            d.needs, self.analysis, "Needs", extra=[("where", expr_text(t, self.analysis.lines)) for t in d.where]
        )
        self.lines += needs + settings_list(d.settings, self.analysis)
        for run in d.runs:
            target = f" {code(run.target.plain)}" if run.target is not None and run.target.plain else ""
            self.lines += [f"Runs {run.language.text}{target}.", ""]

    def doc(self, text: str) -> None:
        if text:
            # Headings of a doc stand below those of the page.
            deeper = ["##" + line if line.startswith("#") else line for line in text.split("\n")]
            self.lines += [*deeper, ""]

    def signature(self, d: s.Task | s.Pipeline, *, in_code: bool) -> None:
        for title, fields in (("Inputs", d.inputs), ("Outputs", d.outputs)):
            if fields:
                self.lines += [f"**{title}**", "", *fields_table(fields, self.analysis, in_code=in_code), ""]

    def types(self, declarations: tuple[s.Declaration, ...]) -> None:
        for d in declarations:
            if isinstance(d, s.Record):
                self.lines += [f"## Type `{d.name.text}`", ""]
                self.doc(self.symbol_doc(d))
                self.lines += [*fields_table(d.fields, self.analysis, in_code=False), ""]
            elif isinstance(d, s.Alias):
                self.lines += [f"## Type `{d.name.text}`", "", f"Another name for {code(type_text(d.type))}.", ""]
                self.doc(self.symbol_doc(d))

    def symbol_doc(self, d: s.Declaration) -> str:
        return next((x.doc for x in self.analysis.index.top() if x.syntax is d), "")

    def functions(self, named: list[s.Function]) -> None:
        if named:
            rows = []
            for d in named:
                given = ", ".join(field_text(f, self.analysis.lines) for f in d.inputs)
                head = f"{d.name.text}({given}): {type_text(d.type)}"
                rows.append([code(head), code(expr_text(d.expr, self.analysis.lines)), cell(self.symbol_doc(d))])
            self.lines += ["## Functions", "", *table(["function", "value", "about"], rows), ""]

    def constants(self, lets: list[s.Let]) -> None:
        if lets:
            rows = [
                [code(d.name.text), code(expr_text(d.expr, self.analysis.lines)), cell(self.symbol_doc(d))]
                for d in lets
            ]
            self.lines += ["## Constants", "", *table(["name", "value", "about"], rows), ""]
