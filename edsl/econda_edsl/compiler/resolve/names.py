"""Every name resolved: which step waits for which, which names leave a branch; `mentions` looks into expressions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.resolve.declare import reserved
from econda_edsl.compiler.resolve.scopes import BlockNames, ConstantPlace, Frame, Names, exported, not_none
from econda_edsl.compiler.resolve.tables import Tables
from econda_edsl.compiler.resolve.uses import Mentions
from econda_edsl.compiler.syntax.steps import called_task
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.diagnostics.spelling import bounded, did_you_mean
from econda_edsl.words import prelude


@bounded()
def resolve(program: s.Program, tables: Tables) -> tuple[Names, list[Diagnostic]]:
    """Resolve all declarations."""
    result, found = Names(), []
    work = _Resolve(tables, result, found, Mentions(tables, result, found))
    for d in program.declarations:
        match d:
            case s.Let():
                work.let(d)
            case s.Function():
                work.function(d)
            case s.Task():
                work.task(d)
            case s.Pipeline():
                work.pipeline(d)
            case s.Record():
                work.record(d)
            case s.Policy():
                work.policy(d)
            case s.Resource():
                work.resource(d)
            case s.Alias() | s.ImportModule() | s.ImportNames():
                pass
    return result, [*found, *work.never_read()]


@dataclass(slots=True)
class _Resolve:
    tables: Tables
    result: Names
    diagnostics: list[Diagnostic]
    mentions: Mentions
    unread: list[tuple[s.Step | None, s.Name]] = field(default_factory=list)

    @property
    def frames(self) -> list[Frame]:
        return self.mentions.frames

    # ---- declarations

    def let(self, d: s.Let) -> None:
        self.mentions.in_let = d.name.text
        self.result.lets[d.name.text] = {}
        self.mentions.expr(d.expr)
        self.mentions.in_let = None

    def function(self, d: s.Function) -> None:
        """Its inputs, and constants, are all that the expression of a function sees."""
        self.defaults(d.inputs, {f.name.text: "an input, known where it is called" for f in d.inputs}, _GIVEN)
        self.inputs(d.inputs)
        for f in d.inputs:
            reserved(f.name, self.diagnostics)
        self.mentions.in_let = d.name.text
        self.result.lets[d.name.text] = {}
        self.mentions.frames = [Frame({f.name.text: None for f in d.inputs})]
        self.mentions.expr(d.expr)
        self.mentions.in_let, self.mentions.frames = None, []

    def defaults(self, fields: Collection[s.Field], beside: Mapping[str, str], help_: str) -> None:
        """Defaults and ranges are constants, `beside` the names that are none and what they are."""
        default = ConstantPlace("a default", beside, help_)
        bound = ConstantPlace("a bound of a range", beside, "use a literal, or a `let` made of literals")
        for f in fields:
            for expr, place in ((f.default, default), (f.range, bound)):
                if expr is not None:
                    self.mentions.frames = [Frame({}, constant=place)]
                    self.mentions.expr(expr)
        self.mentions.frames = []

    def task(self, d: s.Task) -> None:
        given = {f.name.text: "an input, known in a run" for f in d.inputs}
        self.defaults(d.inputs, given, _GIVEN)
        self.inputs(d.inputs)
        names: dict[str, s.Step | None] = {f.name.text: None for f in d.inputs}
        kept = {f.name.text: "a state, known in a run" for f in d.state}
        self.defaults(d.state, {**kept, **given}, "begin with a constant, and change it in the code of the operator")
        frame = Frame({**names, "attempt": None})
        self.mentions.frames = [frame]
        for setting in (*d.settings, *d.needs):
            self.setting(setting)
        frame.names["node"] = None
        for test in d.where:
            self.mentions.expr(test)
        self.mentions.frames = []

    def inputs(self, fields: Iterable[s.Field]) -> None:
        for f in fields:
            if f.name.text in self.tables.lets:
                self.mentions.twice(f.name, self.tables.lets[f.name.text].name.span)

    def record(self, d: s.Record) -> None:
        beside = {f.name.text: "a field, known when a record is made" for f in d.fields}
        self.defaults(d.fields, beside, "give it where the record is made")

    def pipeline(self, d: s.Pipeline) -> None:
        self.defaults(d.inputs, {f.name.text: "an input, known in a run" for f in d.inputs}, _GIVEN)
        self.inputs(d.inputs)
        self.mentions.frames = [Frame({f.name.text: None for f in d.inputs})]
        for setting in d.settings:
            self.setting(setting, prelude.PUBLISHED if setting.name.text == "publish" else ())
        for body in (d.body, *(handler.body for handler in d.handlers)):
            self.mentions.frames = [Frame({"run": None}), Frame({f.name.text: None for f in d.inputs})]
            self.block(body)
        self.mentions.frames = []

    def policy(self, d: s.Policy) -> None:
        self.mentions.frames = [Frame(dict.fromkeys(prelude.POLICY_ENTITIES))]
        for rule in d.rules:
            self.mentions.expr(rule.expr)
        for setting in d.settings:
            if setting.name.text == "priority":
                self.mentions.expr(setting.value)
        self.mentions.frames = []

    def resource(self, d: s.Resource) -> None:
        """Only a trigger's `start` computes with names; other settings have words of their own."""
        for setting in d.settings:
            if d.kind == "trigger" and setting.name.text == "start" and isinstance(setting.value, s.Apply):
                self.mentions.frames = [Frame({"event": None})]
                for argument in setting.value.args:
                    self.mentions.expr(argument.value)
                self.mentions.frames = []

    # ---- blocks

    def block(self, block: s.Block) -> None:
        self.enter(block)
        self.leave(block)

    def enter(self, block: s.Block) -> None:
        """Resolve a block and leave its frame open for what may follow inside it (`next`, `until`)."""
        names = self.result.blocks[block] = BlockNames()
        frame = Frame({}, block=names)
        for step in block.steps:
            for name, span in exported(step, self.result.exports).items():
                self.bind(frame, names, step, name, span)
            frame.hide(step, self.result.exports)
            if isinstance(step, s.Assert) and (name := not_none(step.expr)):
                names.narrowed[name] = step
        self.frames.append(frame)
        for step in block.steps:
            frame.current = step
            names.waits.setdefault(step, {})
            self.step(step)
        frame.current = None

    def leave(self, block: s.Block) -> None:
        frame = self.frames.pop()
        outer = self.frames[-1] if self.frames else None
        for step in block.steps:
            if not isinstance(step, s.Bind) or step.name.text in frame.used or self.is_task_call(step.expr):
                continue
            leaves = (
                outer is not None
                and isinstance(outer.current, s.When)
                and step.name.text in exported(outer.current, self.result.exports)
            )
            if not leaves and self.tables.complete:
                self.unread.append((outer.current if outer else None, step.name))

    def never_read(self) -> list[Diagnostic]:
        """Values that nothing reads; those that someone reads without them being bound on every path aside."""
        return [
            Diagnostic(
                "E0503", f"`{name.text}` is never read", name.span, "computed for nothing", help=_unread(name.text)
            )
            for inside, name in self.unread
            if inside is None or (inside, name.text) not in self.mentions.half_bound
        ]

    def is_task_call(self, expr: s.Expr) -> bool:
        if not isinstance(expr, s.Apply) or isinstance(expr.callee, s.TypeRef):
            return False
        if not isinstance(expr.callee, s.Ref):
            return True
        name = expr.callee.name
        if name in self.tables.tasks or name in self.tables.pipelines:
            return True
        known = name in prelude.FUNCTIONS or name in self.tables.functions or name in self.tables.pure_functions
        return not known

    def bind(self, frame: Frame, names: BlockNames, step: s.Step, name: str, span: Span) -> None:
        reserved(s.Name(span, name), self.diagnostics)
        if name in frame.names and frame.names[name] is not step:
            first = frame.names[name]
            assert first is not None
            self.mentions.twice(s.Name(span, name), exported(first, self.result.exports)[name])
            return
        self.mentions.shadow(s.Name(span, name))
        frame.names[name] = step
        names.owner[name] = step

    # ---- steps

    def step(self, step: s.Step) -> None:
        match step:
            case s.Bind() | s.Effect():
                self.task_call(step)
            case s.Foreach():
                self.foreach(step)
            case s.When(arms=arms):
                for arm in arms:
                    if arm.test is not None:
                        self.mentions.expr(arm.test)
                    self.block(arm.body)
            case s.Repeat():
                self.repeat(step)
            case s.Return(entries=entries):
                for _, expr in entries:
                    self.mentions.expr(expr)
            case s.Gather(expr=expr):
                self.mentions.expr(expr)
            case s.Assert(expr=expr, message=message):
                self.mentions.expr(expr)
                if message is not None:
                    self.mentions.expr(message)
            case s.Fail(message=message):
                self.mentions.expr(message)

    def task_call(self, step: s.Bind | s.Effect) -> None:
        expr = step.expr
        called = called_task(expr, self.tables.tasks) or called_task(expr, self.tables.pipelines)
        if isinstance(expr, s.Apply) and called is not None:
            self.arguments(expr, called)
        else:
            self.mentions.expr(expr)
        for name in step.after:
            self.after(name)
        for setting in step.settings:
            self.setting(setting, ("attempt",))

    def arguments(self, expr: s.Apply, task: s.Task | s.Pipeline) -> None:
        """Arguments of a task or a pipeline; an input of closed choices may be given one as a bare word."""
        fields = {f.name.text: f for f in task.inputs}
        for i, argument in enumerate(expr.args):
            position = task.inputs[i] if i < len(task.inputs) else None
            f = position if argument.name is None else fields.get(argument.name.text)
            value = argument.value
            if f is not None and isinstance(value, s.Ref) and not self.mentions.find(value.name):
                if choices := _choices(f.type):
                    self.choice(value, choices)
                    continue
            elif f is not None and isinstance(value, s.TypeRef) and _is_type(f.type):
                if value.name not in self.tables.named and self.tables.complete:
                    help_ = did_you_mean(value.name, self.tables.named)
                    self.mentions.report("E0206", f"unknown type `{value.name}`", value.span, "not declared", help_)
                continue
            self.mentions.expr(value)

    def choice(self, word: s.Ref, choices: frozenset[str]) -> None:
        if word.name in choices:
            self.result.words.add(word)
        else:
            self.mentions.unknown(word, choices)

    def after(self, name: s.Name) -> None:
        for frame in reversed(self.frames):
            if name.text in frame.names:
                if frame.names[name.text] is None:
                    label = "not a step"
                    self.mentions.report("E0201", f"`{name.text}` is no step to wait for", name.span, label)
                    return
                self.mentions.use(frame, name.text, name.span)
                return
        if self.tables.complete:
            help_ = did_you_mean(name.text, [n for f in self.frames for n, o in f.names.items() if o])
            self.mentions.report("E0201", f"unknown step `{name.text}`", name.span, "not bound in this scope", help_)

    def foreach(self, step: s.Foreach) -> None:
        variables: dict[str, s.Step | None] = {}
        for variable, over in step.over:
            self.mentions.expr(over)
            reserved(variable, self.diagnostics)
            if variable.text in variables:
                self.mentions.report(
                    "E0203", f"`{variable.text}` is bound twice", variable.span, "second loop variable"
                )
            self.mentions.shadow(variable)
            variables[variable.text] = None
        if step.up_to is not None:
            self.mentions.expr(step.up_to)
        for setting in step.settings:
            self.setting(setting)
        self.frames.append(Frame(variables))
        self.block(step.body)
        self.frames.pop()

    def repeat(self, step: s.Repeat) -> None:
        self.mentions.expr(step.up_to)
        carried: dict[str, s.Step | None] = {}
        for carry in step.carries:
            self.mentions.expr(carry.start)
            if carry.name.text in carried:
                self.mentions.report("E0203", f"`{carry.name.text}` is carried twice", carry.name.span, "second carry")
            carried[carry.name.text] = None
        # Inside the loop the carried names are the round's; the outer frame sees their last values.
        outer = self.frames[-1]
        hidden = {name: outer.names.pop(name) for name in carried if outer.names.get(name) is step}
        self.frames.append(Frame(carried))
        self.enter(step.body)
        for following in step.nexts:
            self.mentions.expr(following.expr)
        self.mentions.expr(step.until)
        if step.fail is not None:
            self.mentions.expr(step.fail)
        self.leave(step.body)
        self.frames.pop()
        outer.names.update(hidden)

    def setting(self, setting: s.Setting, extra: tuple[str, ...] = ()) -> None:
        """Settings with a vocabulary of their own (back-off kinds, GPU kinds) are checked later."""
        if extra:
            self.frames.append(Frame(dict.fromkeys(extra)))
        value = setting.value
        if isinstance(value, s.Apply) and setting.name.text in ("retry", "checkpoint", "cache", "concurrency"):
            for argument in value.args:
                if argument.name is None or argument.name.text != "on":
                    self.mentions.expr(argument.value)
        elif isinstance(value, s.Binary) and value.op == "of":
            self.mentions.expr(value.left)
        elif setting.name.text == "packages":
            self.packages(value)
        elif not isinstance(value, _OWN_WORDS.get(setting.name.text, ())):
            self.mentions.expr(value)
        if extra:
            self.frames.pop()

    def packages(self, value: s.Expr) -> None:
        """Names of packages are texts, so an unknown name is likely one without its quotes."""
        for part in value.items if isinstance(value, s.Items) else (value,):
            if isinstance(part, s.Ref):
                self.mentions.ref(part, f'packages stand in quotes, in a list: `packages = ["{part.name}"]`')
            else:
                self.mentions.expr(part)


def _unread(name: str) -> str:
    """What to do with a value that nothing reads; some look like settings."""
    if name in prelude.PIPELINE:
        return f"as a setting of the pipeline it stands below `with:`, the first lines of the pipeline: `{name} = …`"
    if name in prelude.FOREACH:
        return f"as a setting of a loop it follows its list: `foreach x in xs with {name} = …:`"
    if name in prelude.STEP:
        return f"as a setting of a step it follows the call: `x = f(…) with {name} = …`"
    return "use it, or remove the line; a value that nothing reads has no effect"


_GIVEN = "give it as an argument, or bind another name in the pipeline"
_OWN_WORDS: dict[str, type[s.Syntax]] = {"policy": s.Syntax, "cache": s.Syntax, "isolation": s.Ref, "gpu": s.TypeRef}
"""Settings whose values, of this kind, are words of their own."""


def _choices(kind: s.TypeExpr) -> frozenset[str]:
    """The strings an input may be, when it has closed choices."""
    match kind:
        case s.TypeLiteral(value=value):
            return frozenset({value})
        case s.TypeUnion(members=members):
            return frozenset(word for member in members for word in _choices(member))
        case s.TypeOptional(of=of):
            return _choices(of)
        case s.TypeName():
            return frozenset()


def _is_type(kind: s.TypeExpr) -> bool:
    """Whether an input of a package takes the type of a record."""
    return (isinstance(kind, s.TypeOptional) and _is_type(kind.of)) or (
        isinstance(kind, s.TypeName) and kind.name == "Type"
    )
