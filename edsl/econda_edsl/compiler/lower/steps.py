"""Steps to plan nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from msgspec.structs import replace

from econda_edsl import plan as p
from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.expressions.substitute import substituted
from econda_edsl.compiler.lower.in_module import InModule
from econda_edsl.compiler.lower.needs import lower_needs
from econda_edsl.compiler.lower.tasks import TaskLowering
from econda_edsl.compiler.lower.used_tasks import UsedTasks
from econda_edsl.compiler.syntax.steps import blocks_of, called_name, called_task


@dataclass
class StepLowering(InModule):
    """Lowers the steps of one pipeline. `used` names the tasks that it calls."""

    pipeline: s.Pipeline
    used: UsedTasks

    @cached_property
    def reserved(self) -> frozenset[str]:
        """Every name that the pipeline binds anywhere."""
        d = self.pipeline
        blocks = (d.body, *(handler.body for handler in d.handlers))
        return frozenset({f.name.text for f in d.inputs} | {name for b in blocks for name in _bound_in(b)})

    def block(self, block: s.Block) -> tuple[p.AnyNode, ...]:
        """The nodes of a block in source order; `return` and `gather` belong to what encloses them."""
        steps = [x for x in block.steps if not isinstance(x, s.Return | s.Gather)]
        ids = self.ids(steps)
        waits = self.parts.steps.names.blocks[block].waits
        return tuple(self.node(step, ids[step], self.waits(waits.get(step, {}), ids)) for step in steps)

    def waits(self, edges: Mapping[s.Step, object], ids: Mapping[s.Step, str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(ids[other] for other in edges if other in ids))

    def ids(self, steps: Sequence[s.Step]) -> dict[s.Step, str]:
        """Bound names stand for themselves; an unnamed step never takes a name of the pipeline."""
        taken = set(self.reserved)
        ids: dict[s.Step, str] = {}
        for step in steps:
            if isinstance(step, s.Bind | s.Foreach) and step.name:
                ids[step] = step.name.text
                continue
            stem = self.stem(step)
            ids[step] = next(x for x in _numbered(stem) if x not in taken)
            taken.add(ids[step])
        return ids

    def stem(self, step: s.Step) -> str:
        if isinstance(step, s.Effect):
            name = called_name(step.expr)
            known = name in self.tables.tasks or name in self.tables.pipelines
            return name.rpartition(".")[2] if known else "effect"
        return type(step).__name__.lower()

    def node(self, step: s.Step, id_: str, waits: tuple[str, ...]) -> p.AnyNode:
        span = (step.span.line, step.span.column)
        lower = self.expressions.lower
        match step:
            case s.Bind() | s.Effect():
                return self.bind(step, id_, waits)
            case s.Foreach():
                return self.foreach(step, id_, waits)
            case s.When(arms=arms):
                lowered = tuple(
                    p.Arm(body=self.block(a.body), test=None if a.test is None else lower(a.test)) for a in arms
                )
                binds = {name: kind.label for name, kind in self.parts.steps.binds.get(step, {}).items()}
                return p.When(id=id_, waits=waits, span=span, arms=lowered, binds=binds)
            case s.Repeat():
                following = {n.name.text: lower(n.expr) for n in step.nexts}
                return p.Repeat(
                    id=id_,
                    waits=waits,
                    span=span,
                    up_to=lower(step.up_to),
                    carry=tuple(p.Carry(name=c.name.text, start=lower(c.start)) for c in step.carries),
                    body=self.block(step.body),
                    next=following,
                    # The test comes after `next`, and means what that has just said; the engine knows the round's names only.
                    until=substituted(lower(step.until), following),
                    fail_message=None if step.fail is None else substituted(lower(step.fail), following),
                )
            case s.Assert(expr=expr, message=message):
                text = None if message is None else lower(message)
                return p.Assert(id=id_, waits=waits, span=span, expr=lower(expr), message=text)
            case s.Fail(message=message):
                return p.Fail(id=id_, waits=waits, span=span, message=lower(message))
            case _:
                raise AssertionError(step)

    def bind(self, step: s.Bind | s.Effect, id_: str, waits: tuple[str, ...]) -> p.AnyNode:
        span, expr = (step.span.line, step.span.column), step.expr
        if isinstance(expr, s.Apply) and (task := called_task(expr, self.tables.tasks)):
            name, overrides = self.used.name(self.module, called_name(expr)), self.overrides(step.settings)
            return p.Call(id=id_, waits=waits, span=span, task=name, args=self.args(expr, task), overrides=overrides)
        if isinstance(expr, s.Apply) and (called := called_task(expr, self.tables.pipelines)):
            return self.subpipeline(step, expr, called, id_, waits)
        return p.Value(id=id_, waits=waits, span=span, expr=self.expressions.lower(expr))

    def args(self, expr: s.Apply, called: s.Task | s.Pipeline) -> dict[str, p.Expr]:
        args: dict[str, p.Expr] = {}
        for f, argument in zip(called.inputs, expr.args, strict=False):
            if argument.name is None:
                args[f.name.text] = self.expressions.lower(argument.value)
        for argument in expr.args:
            if argument.name is not None:
                args[argument.name.text] = self.expressions.lower(argument.value)
        return args

    def subpipeline(
        self, step: s.Bind | s.Effect, expr: s.Apply, called: s.Pipeline, id_: str, waits: tuple[str, ...]
    ) -> p.Subpipeline:
        """A pipeline as a step, lowered where it is at home. The tighter of its own limits and those of the step hold."""
        home, _ = self.module.home(called_name(expr))
        inner = StepLowering(home, called, self.used)
        own, here = inner.settings.pipeline(called), {x.name.text: x for x in step.settings}
        return p.Subpipeline(
            id=id_,
            waits=waits,
            span=(step.span.line, step.span.column),
            pipeline=called.name.text,
            params={f.name.text: replace(TaskLowering(home).parameter(f), doc="") for f in called.inputs},
            args=self.args(expr, called),
            body=inner.block(called.body),
            returns=inner.returns(called.body),
            budget_micros=_least(own.budget_micros, self.settings.money(here.get("budget"))),
            deadline_ms=_least(own.deadline_ms, self.settings.duration(here.get("deadline"))),
        )

    def overrides(self, settings: tuple[s.Setting, ...]) -> p.Overrides | None:
        if not settings:
            return None
        found = {x.name.text: x for x in settings}
        needs, kinds = lower_needs(settings, self.expressions.lower)
        if kinds:
            needs["gpu_kinds"] = {"lit": list(kinds)}
        checkpoint = self.settings.checkpoint(found.get("checkpoint"))
        return p.Overrides(
            needs=needs,
            retry=self.settings.retry(found.get("retry")),
            timeout_ms=self.settings.duration(found.get("timeout")),
            checkpoint_ms=checkpoint.ms,
            checkpoint_bytes=checkpoint.bytes,
            cache=self.settings.cache(found.get("cache")),
        )

    def foreach(self, step: s.Foreach, id_: str, waits: tuple[str, ...]) -> p.Foreach:
        found = {x.name.text: x for x in step.settings}
        gathered = next((x.expr for x in step.body.steps if isinstance(x, s.Gather)), None)
        tolerate = found.get("tolerate")
        return p.Foreach(
            id=id_,
            waits=waits,
            span=(step.span.line, step.span.column),
            over=tuple((variable.text, self.expressions.lower(over)) for variable, over in step.over),
            body=self.block(step.body),
            gather=None if gathered is None else self.expressions.lower(gathered),
            up_to=None if step.up_to is None else self.expressions.lower(step.up_to),
            parallel=self.settings.count(found.get("parallel")),
            batch=self.settings.count(found.get("batch")),
            tolerate=self.settings.fraction(tolerate.value if tolerate else None, "`tolerate`") or 0.0,
        )

    def returns(self, block: s.Block) -> dict[str, p.Expr]:
        for step in block.steps:
            if isinstance(step, s.Return):
                return {name.text: self.expressions.lower(expr) for name, expr in step.entries}
        return {}


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _bound_in(block: s.Block) -> Iterator[str]:
    for step in block.steps:
        match step:
            case s.Bind(name=name):
                yield name.text
            case s.Foreach(name=name, over=over):
                yield from (variable.text for variable, _ in over)
                if name:
                    yield name.text
            case s.Repeat(carries=carries):
                yield from (c.name.text for c in carries)
            case _:
                pass
        for inner in blocks_of(step):
            yield from _bound_in(inner)


def _numbered(stem: str):
    yield stem
    number = 2
    while True:
        yield f"{stem}{number}"
        number += 1
