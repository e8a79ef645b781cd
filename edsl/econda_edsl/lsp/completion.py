"""What could be written at the cursor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from lsprotocol import types as p

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.syntax.printing import type_text
from econda_edsl.compiler.types import model as t
from econda_edsl.index.analysis import Analysis
from econda_edsl.index.memory import Memory
from econda_edsl.index.symbols import Symbol
from econda_edsl.lsp import probe
from econda_edsl.lsp.cursor import Call, Cursor, cursor_at
from econda_edsl.lsp.describe import field_head, settings_place
from econda_edsl.lsp.texts import Text
from econda_edsl.words import drivers, manual, prelude
from econda_edsl.words.manual_attributes import LANGUAGES, RESOURCES

K = p.CompletionItemKind
TRIGGERS = (".", "[", "|", "$")
_RULES = ("scope", "forbid", "require", "minimize", "maximize", "then")
_STEPS = ("foreach", "when", "repeat", "assert", "fail", "gather")
_NUMBER = re.compile(r"(?<![\w.])(\$?)\d[\d_]*(?:\.\d+)?(/?)([A-Za-z]*)$")
_KINDS = {
    "task": K.Function,
    "operator": K.Function,
    "pipeline": K.Class,
    "constant": K.Constant,
    "type": K.Struct,
    "module": K.Module,
    "input": K.Variable,
    "field": K.Field,
}
_BODIES = frozenset({"pipeline", "foreach", "when", "else", "repeat", "on"})


def complete(
    text: Text,
    analysis: Analysis,
    line: int,
    column: int,
    files: Mapping[str, bytes] | None = None,
    memory: Memory | None = None,
) -> list[p.CompletionItem]:
    """All that can stand at a place. The editor picks what fits the letters already typed."""
    cursor = cursor_at(text.lines, line, column)
    if cursor.region == "embedded":
        return list(_in_code(text, analysis, line, column))
    if cursor.region != "code":
        return []
    number = _NUMBER.search(text.line(line)[: column - 1])
    if number is not None:
        return list(_units(number))
    if cursor.before in (".", "?."):
        if len(cursor.words) > 1 and (found := list(_of_module(cursor.words[-2].text, analysis))):
            return found
        openers = "".join(c.opener for c in cursor.calls)
        before = probe.type_before_dot(text.lines, line, column, openers, files or {}, memory)
        return [_item(name, K.Field, kind.label) for name, kind in probe.attributes(before).items()]
    return list(_Context(cursor, analysis, line, column).items())


def _item(
    label: str, kind: p.CompletionItemKind, detail: str = "", doc: str = "", insert: str = ""
) -> p.CompletionItem:
    documentation = p.MarkupContent(p.MarkupKind.Markdown, doc) if doc else None
    return p.CompletionItem(label, kind=kind, detail=detail[:200] or None, documentation=documentation,
                            insert_text=insert or None)  # fmt: skip


def _entries(entries: dict[str, manual.Entry], suffix: str = " = ") -> Iterator[p.CompletionItem]:
    for name, entry in entries.items():
        yield _item(name, K.Property, entry.form, entry.text, name + suffix)


def _words(words: Iterable[str]) -> Iterator[p.CompletionItem]:
    for word in words:
        yield _item(word, K.Keyword, "", manual.KEYWORDS.get(word, ""))


def _units(number: re.Match[str]) -> Iterator[p.CompletionItem]:
    if number[1]:
        kinds = ["Rate"] if number[2] else []
    else:
        kinds = ["Size", "Duration", "Bandwidth"]
    typed = number[0][: len(number[0]) - len(number[3])]
    for kind in kinds:
        for unit in manual.UNITS[kind]:
            yield p.CompletionItem(typed + unit, kind=K.Unit, detail=kind, filter_text=typed + unit)


def _of_module(alias: str, analysis: Analysis) -> Iterator[p.CompletionItem]:
    """What can be reached through the name of a module or a connector."""
    if analysis.checked is None:
        return
    tables = analysis.checked.tables
    kinds = ((tables.tasks, K.Function), (tables.functions, K.Function), (tables.pipelines, K.Module), (tables.record_syntax, K.Struct),
             (tables.lets, K.Constant), (tables.resources, K.Variable), (tables.policies, K.Interface))  # fmt: skip
    for table, kind in kinds:
        for name, declared in table.items():
            module, _, inner = name.partition(".")
            if module == alias and inner and "." not in inner:
                detail = ""
                if isinstance(declared, s.Task | s.Pipeline):
                    detail = f"({', '.join(f'{f.name.text}: {type_text(f.type)}' for f in declared.inputs)})"
                yield _item(inner, kind, detail, getattr(declared, "doc", ""))


def _in_code(text: Text, analysis: Analysis, line: int, column: int) -> Iterator[p.CompletionItem]:
    """In the code of a task: its inputs and outputs."""
    top = [x for x in analysis.index.top() if isinstance(x.syntax, s.Task) and x.span.line <= line]
    if not top:
        return
    task = max(top, key=lambda x: x.span.line)
    assert isinstance(task.syntax, s.Task)
    language = task.syntax.runs[0].language.text if task.syntax.runs else ""
    shell = text.line(line)[: column - 1].rstrip("abcdefghijklmnopqrstuvwxyz_0123456789").endswith("$")
    for part in analysis.index.parts(task):
        if part.kind == "input" and (language == "python" or shell):
            yield _item(part.name, K.Variable, f"input: {part.type.label}", part.doc)
        elif part.kind == "output" and language == "python":
            yield _item(part.name, K.Variable, f"output: {part.type.label}", part.doc)
        elif part.kind == "output" and shell:
            yield _item(f"OUT/{part.name}", K.Variable, f"output: {part.type.label}", part.doc)


class _Context:
    """One place in EDSL; which of the rules below holds is decided from the outside in."""

    def __init__(self, cursor: Cursor, analysis: Analysis, line: int, column: int) -> None:
        self.cursor, self.analysis, self.line, self.column = cursor, analysis, line, column
        self.visible = analysis.index.visible(line, column)
        self.call: Call | None = cursor.calls[-1] if cursor.calls else None

    @property
    def block(self) -> str:
        return self.cursor.blocks[-1] if self.cursor.blocks else ""

    @property
    def pipelines(self) -> frozenset[str]:
        """The names by which pipelines can be called here."""
        tables = self.analysis.checked.tables.pipelines if self.analysis.checked is not None else {}
        return frozenset(tables) | {x.name for x in self.analysis.index.top() if x.kind == "pipeline"}

    def items(self) -> Iterator[p.CompletionItem]:
        cursor = self.cursor
        if cursor.starts:
            yield from self.statement()
        elif self.is_type():
            yield from self.types()
        elif cursor.before == "run" and len(cursor.words) == 1:
            yield from (_item(name, K.Keyword, "", text) for name, text in LANGUAGES.items())
        elif self.is_after():
            yield from (_symbol(x, self.analysis) for x in self.visible if x.kind in ("step", "carried value"))
        elif self.call is not None and self.call.opener in "([":
            yield from self.argument(self.call)
        elif (place := settings_place(cursor, self.pipelines)) and cursor.before in ("with", ","):
            yield from _entries(manual.SETTINGS.get(place, {}))
        elif self.is_declared():
            return
        else:
            yield from self.expression()

    # ---- the begin of a line

    def statement(self) -> Iterator[p.CompletionItem]:
        block = self.block
        place = settings_place(self.cursor, self.pipelines)
        if not block:
            yield from _words(prelude.DECLARATIONS)
        elif place == "task":
            yield from _entries(manual.SETTINGS["task"])
            yield _item("needs", K.Keyword, "needs:", manual.KEYWORDS["needs"], "needs:")
            yield _item("run", K.Keyword, "run LANGUAGE:", "the code of the task", "run ")
        elif place is not None:
            yield from _entries(manual.SETTINGS.get(place, {}))
            if place == "needs":
                yield from _words(["where"])
            elif place == "policy":
                yield from _words(_RULES)
        elif block in _BODIES:
            yield from self.step(block)
        elif block in drivers.DRIVERS:
            yield from _resource_settings(block)

    def step(self, block: str) -> Iterator[p.CompletionItem]:
        yield from _words(_STEPS)
        if block == "pipeline":
            yield from _words(["return"])
            yield _item("with", K.Keyword, "with:", manual.KEYWORDS["with"], "with:")
        if block == "repeat":
            yield from _words(["carry", "next"])
        if block in ("repeat", "when", "else", "foreach"):
            yield from _words(["until", "else"])
        kinds = ("task", "operator", "pipeline", "module")
        yield from (_symbol(x, self.analysis) for x in self.visible if x.kind in kinds)

    # ---- inside a line

    def is_type(self) -> bool:
        """After the `:` of an input, a field or a carry, and inside of a type."""
        words = [w.text for w in self.cursor.words]
        head = words[0]
        inside = self.call.words if self.call else []
        if self.call is not None and self.call.opener == "[" and self.call.callee in ("List", "Map", "Table"):
            return True
        if self.cursor.before == "|":
            return True
        if self.cursor.before != ":":
            return False
        if head in ("task", "pipeline", "operator"):
            return self.call is not None and self.call.opener == "(" and len(inside) > 1 and "=" not in _last(inside)
        return (head in ("let", "carry") and len(words) == 3) or (self.block in ("type", "state") and len(words) == 2)

    def is_declared(self) -> bool:
        """Where a new name is written, nothing can be offered."""
        words = [w.text for w in self.cursor.words]
        if words[0] in ("let", "task", "pipeline", "operator", "carry", "policy", "edsl", "type") and len(words) == 1:
            return True
        return words[-1] == "foreach"

    def is_after(self) -> bool:
        words = [w.text for w in self.cursor.words]
        return (
            "after" in words and "with" not in words and self.cursor.before in ("after", ",") and not self.cursor.calls
        )

    def types(self) -> Iterator[p.CompletionItem]:
        for name, text in manual.TYPES.items():
            yield _item(name, K.Class, "", f"The type of {text}.")
        yield from (_symbol(x, self.analysis) for x in self.analysis.index.top() if x.kind in ("type", "module"))

    def argument(self, call: Call) -> Iterator[p.CompletionItem]:
        """In brackets: the names of arguments that are still free, then values."""
        head = self.cursor.words[0].text
        if head in ("task", "pipeline", "operator") and len(self.cursor.calls) == 1 and "=" not in _last(call.words):
            return
        if call.callee in manual.RETRY:
            if not call.argument:
                used = call.named
                yield from _entries({k: v for k, v in manual.RETRY[call.callee].items() if k not in used})
            elif call.argument[0].text == "on":
                yield from _words(["any"])
            return
        if call.setting == "on" and call.opener == "[":
            for name, text in manual.FAILURES.items():
                yield _item(name, K.EnumMember, "kind of failure", text)
            return
        if call.opener == "(" and not call.argument:
            yield from self.argument_names(call)
        yield from self.expression()

    def argument_names(self, call: Call) -> Iterator[p.CompletionItem]:
        called = next((x for x in self.analysis.index.top() if x.name == call.callee), None)
        if called is None:
            if call.callee in prelude.FUNCTIONS:
                for name in sorted(prelude.FUNCTIONS[call.callee].named - call.named):
                    yield _item(name, K.Property, f"argument of {call.callee}", "", f"{name} = ")
            return
        positional = call.active - len(call.named)
        parts = [x for x in self.analysis.index.parts(called) if x.kind in ("input", "field")]
        for part in parts[max(0, positional) :]:
            if part.name not in call.named:
                shown = field_head(part.syntax, self.analysis) if isinstance(part.syntax, s.Field) else ""
                item = _item(part.name, K.Property, shown, part.doc, f"{part.name} = ")
                item.sort_text = f"0{part.name}"
                yield item

    def expression(self) -> Iterator[p.CompletionItem]:
        setting = self.cursor.words[0].text if len(self.cursor.words) == 2 and self.cursor.before == "=" else ""
        if setting == "retry":
            for name in manual.RETRY:
                yield _item(name, K.Function, "retry", "", f"{name}(attempts = ")
            return
        if setting == "checkpoint":
            yield _item("every", K.Function, "every(Duration)", "", "every(")
            return
        binds = len(self.cursor.words) == 2 and self.cursor.before == "=" and self.block in _BODIES
        for symbol in self.visible:
            if symbol.kind in ("task", "operator", "pipeline") and not binds:
                continue
            if symbol.kind != "policy":
                yield _symbol(symbol, self.analysis)
        for name, entry in manual.FUNCTIONS.items():
            yield _item(name, K.Function, entry.form, entry.text)
        if self.block == "policy":
            for entity in prelude.POLICY_ENTITIES:
                yield _item(entity, K.Variable, "of a policy")
        names = {"needs": ("attempt",), "task": ("attempt",), "step with": ("attempt",), "policy": ()}.get(
            self.block, ("run",)
        )
        if self.cursor.words[0].text == "where":
            names = ("node", "attempt")
        for name in names:
            yield _item(name, K.Variable, manual.NAMES[name].form, manual.NAMES[name].text)
        yield from _words(["true", "false", "none", "not", "if", "else", "and", "or", "in"])
        if binds:
            yield from _words(["foreach"])


def _resource_settings(kind: str) -> Iterator[p.CompletionItem]:
    """The settings of a pool, secret or trigger, those of all drivers: the driver's own check tells them apart."""
    common = {"pool": drivers.POOL_SETTINGS, "trigger": drivers.TRIGGER_SETTINGS}.get(kind, {})
    for settings in (common, *drivers.DRIVERS[kind].values()):
        for name, type_ in settings.items():
            yield _item(name, K.Property, f"{name} = {type_}", RESOURCES[kind].get(name, ""), f"{name} = ")


def _last(words: list) -> list[str]:  # type: ignore[type-arg]
    """The texts of the words after the last comma."""
    texts = [w.text for w in words]
    return texts[len(texts) - texts[::-1].index(",") :] if "," in texts else texts


def _symbol(symbol: Symbol, analysis: Analysis) -> p.CompletionItem:
    detail = symbol.type.label if symbol.type != t.UNKNOWN else symbol.kind
    if symbol.kind in ("task", "operator", "pipeline") and isinstance(symbol.syntax, s.Task | s.Pipeline):
        detail = f"{symbol.kind}({', '.join(field_head(f, analysis) for f in symbol.syntax.inputs)})"
    return _item(symbol.name, _KINDS.get(symbol.kind, K.Variable), detail, symbol.doc)
