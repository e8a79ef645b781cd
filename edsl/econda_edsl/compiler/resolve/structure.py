"""The shape of blocks: what may stand where, what must stand exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from econda_edsl.compiler import syntax as s
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.diagnostics.spelling import bounded, did_you_mean
from econda_edsl.words import prelude


@bounded()
def check_flow(pipelines: Mapping[str, s.Pipeline]) -> list[Diagnostic]:
    """Check every pipeline."""
    work = _Flow()
    for d in pipelines.values():
        work.pipeline(d)
    return work.diagnostics


@dataclass(slots=True)
class _Flow:
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def report(self, code: str, message: str, span: Span, label: str = "", help: str = "") -> None:
        self.diagnostics.append(Diagnostic(code, message, span, label, help=help))

    def pipeline(self, d: s.Pipeline) -> None:
        self.handlers(d)
        returns = [step for step in d.body.steps if isinstance(step, s.Return)]
        for extra in returns[1:]:
            self.report("E0507", "a second `return`", extra.span, f"the first is on line {returns[0].span.line}",
                        "one `return` names all outputs: `return a = …, b = …`")  # fmt: skip
        wanted = {f.name.text for f in d.outputs}
        if wanted and not returns:
            outputs = ", ".join(f"{f.name.text} = …" for f in d.outputs)
            self.report("E0507", f"`{d.name.text}` never returns its outputs", d.name.span, "no `return`",
                        f"add `return {outputs}`")  # fmt: skip
        if returns:
            self.returned(returns[0], wanted)
        self.block(d.body, "pipeline")

    def handlers(self, d: s.Pipeline) -> None:
        seen: dict[str, Span] = {}
        for handler in d.handlers:
            name = handler.name.text
            if name not in prelude.HANDLERS:
                help_ = did_you_mean(name, prelude.HANDLERS) or "known: on failure, on cancel, on any"
                self.report("E0204", f"there is no handler `on {name}`", handler.span, "unknown", help_)
            if name in seen:
                self.report("E0208", f"`on {name}` stands twice", handler.span, f"first on line {seen[name].line}")
            seen[name] = handler.span
            self.block(handler.body, "handler")

    def returned(self, step: s.Return, wanted: set[str]) -> None:
        seen: set[str] = set()
        for name, _ in step.entries:
            if name.text in seen:
                self.report("E0203", f"`{name.text}` is returned twice", name.span, "second value")
            elif name.text not in wanted:
                help_ = did_you_mean(name.text, wanted) or "declare it after `->`"
                self.report(
                    "E0202", f"`{name.text}` is not an output of the pipeline", name.span, "not declared", help_
                )
            seen.add(name.text)
        for name in sorted(wanted - seen):
            self.report("E0507", f"the output `{name}` is not returned", step.span, "missing", f"add `{name} = …`")

    def block(self, block: s.Block, place: str) -> None:
        for step in block.steps:
            match step:
                case s.Return() if place != "pipeline":
                    self.report("E0505", f"`return` inside a `{place}`", step.span, "not here",
                                "names leave a block by binding; `return` stands in the pipeline itself")  # fmt: skip
                case s.Gather() if place != "foreach":
                    self.report("E0505", f"`gather` inside a `{place}`", step.span, "not here",
                                "`gather` names what leaves a `foreach`")  # fmt: skip
                case s.Foreach():
                    self.foreach(step)
                case s.When(arms=arms):
                    for arm in arms:
                        self.block(arm.body, "when")
                case s.Repeat():
                    self.repeat(step)
                case s.Effect():
                    self.effect(step)
                case _:
                    pass

    def effect(self, step: s.Effect) -> None:
        if not isinstance(step.expr, s.Apply):
            self.report("E0508", "this value is computed and dropped", step.span, "not a statement",
                        "bind it: `name = …`, or remove it")  # fmt: skip

    def foreach(self, step: s.Foreach) -> None:
        gathers = [g for g in step.body.steps if isinstance(g, s.Gather)]
        for extra in gathers[1:]:
            self.report("E0506", "a second `gather`", extra.span, f"the first is on line {gathers[0].span.line}",
                        "gather one record: `gather {a, b}`")  # fmt: skip
        if step.name and not gathers:
            self.report("E0506", f"`{step.name.text}` gathers nothing", step.name.span, "no `gather` in the loop",
                        "end the loop with `gather <value>`, or do not bind it")  # fmt: skip
        if gathers and not step.name:
            self.report("E0506", "what this loop gathers has no name", gathers[0].span, "dropped",
                        "bind the loop: `name = foreach …`")  # fmt: skip
        self.block(step.body, "foreach")

    def repeat(self, step: s.Repeat) -> None:
        carried = {c.name.text for c in step.carries}
        seen: dict[str, Span] = {}
        for following in step.nexts:
            name = following.name.text
            if name not in carried:
                help_ = did_you_mean(name, carried) or f"add `carry {name}: <type> = <start>`"
                self.report("E0504", f"`next {name}` without a `carry {name}`", following.span, "not carried", help_)
            if name in seen:
                self.report("E0203", f"`{name}` is given two next values", following.span, "second `next`")
            seen[name] = following.span
        for carry in step.carries:
            if carry.name.text not in seen:
                name = carry.name.text
                self.report("E0504", f"`{name}` is carried but never given a `next`", carry.span, "no `next`",
                            f"add `next {name} = …`")  # fmt: skip
        self.block(step.body, "repeat")
