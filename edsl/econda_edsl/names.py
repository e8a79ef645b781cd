"""Every name resolved: what it refers to, which step waits for which, which names leave a branch."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from econda_edsl import prelude
from econda_edsl import syntax as s
from econda_edsl.declare import Tables, reserved
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.scopes import BlockNames, Frame, Names, exported, label, not_none
from econda_edsl.suggest import did_you_mean
from econda_edsl.unknown import not_a_value, unknown_name


def resolve(program: s.Program, tables: Tables) -> tuple[Names, list[Diagnostic]]:
    """Resolve all declarations."""
    work = _Resolve(tables)
    for d in program.declarations:
        match d:
            case s.Let():
                work.let(d)
            case s.Task():
                work.task(d)
            case s.Pipeline():
                work.pipeline(d)
            case s.Record():
                work.defaults(d.fields)
            case s.Policy():
                work.policy(d)
            case s.Resource():
                work.resource(d)
            case s.Alias() | s.ImportModule() | s.ImportNames():
                pass
    return work.result, [*work.diagnostics, *work.never_read()]


@dataclass(slots=True)
class _Resolve:
    tables: Tables
    result: Names = field(default_factory=Names)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    in_let: str | None = None
    unread: list[tuple[s.Step | None, s.Name]] = field(default_factory=list)
    half_bound: set[tuple[s.Step, str]] = field(default_factory=set)
    siblings: Collection[str] = ()

    def report(
        self, code: str, message: str, span: Span, label: str = "", help: str = "", notes: tuple[str, ...] = ()
    ) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, label, notes, help))

    # ---- declarations

    def let(self, d: s.Let) -> None:
        self.in_let = d.name.text
        self.result.lets[d.name.text] = {}
        self.expr(d.expr)
        self.in_let = None

    def defaults(self, fields: Collection[s.Field], beside: Collection[s.Field] = ()) -> None:
        self.siblings = {f.name.text for f in (*fields, *beside)}
        for f in fields:
            for expr in (f.default, f.range):
                if expr is not None:
                    self.expr(expr)
        self.siblings = ()

    def task(self, d: s.Task) -> None:
        self.defaults(d.inputs)
        self.inputs(d.inputs)
        names: dict[str, s.Step | None] = {f.name.text: None for f in d.inputs}
        self.defaults(d.state, d.inputs)
        frame = Frame({**names, "attempt": None})
        self.frames = [frame]
        for setting in (*d.settings, *d.needs):
            self.setting(setting)
        frame.names["node"] = None
        for test in d.where:
            self.expr(test)
        self.frames = []

    def inputs(self, fields: Iterable[s.Field]) -> None:
        for f in fields:
            if f.name.text in self.tables.lets:
                self.twice(f.name, self.tables.lets[f.name.text].name.span)

    def pipeline(self, d: s.Pipeline) -> None:
        self.defaults(d.inputs)
        self.inputs(d.inputs)
        self.frames = [Frame({f.name.text: None for f in d.inputs})]
        for setting in d.settings:
            self.setting(setting)
        for body in (d.body, *(handler.body for handler in d.handlers)):
            self.frames = [Frame({"run": None}), Frame({f.name.text: None for f in d.inputs})]
            self.block(body)
        self.frames = []

    def policy(self, d: s.Policy) -> None:
        self.frames = [Frame(dict.fromkeys(prelude.POLICY_ENTITIES))]
        for rule in d.rules:
            self.expr(rule.expr)
        for setting in d.settings:
            if setting.name.text == "priority":
                self.expr(setting.value)
        self.frames = []

    def resource(self, d: s.Resource) -> None:
        """Only a trigger's `start` computes with names; other settings have words of their own."""
        for setting in d.settings:
            if d.kind == "trigger" and setting.name.text == "start" and isinstance(setting.value, s.Apply):
                self.frames = [Frame({"event": None})]
                for argument in setting.value.args:
                    self.expr(argument.value)
                self.frames = []

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
        help_ = "use it, or remove the line; a value that nothing reads has no effect"
        return [
            Diagnostic("E0503", f"`{name.text}` is never read", name.span, "computed for nothing", help=help_)
            for inside, name in self.unread
            if inside is None or (inside, name.text) not in self.half_bound
        ]

    def is_task_call(self, expr: s.Expr) -> bool:
        if not isinstance(expr, s.Apply) or isinstance(expr.callee, s.TypeRef):
            return False
        if not isinstance(expr.callee, s.Ref):
            return True
        name = expr.callee.name
        return name in self.tables.tasks or (name not in prelude.FUNCTIONS and name not in self.tables.functions)

    def bind(self, frame: Frame, names: BlockNames, step: s.Step, name: str, span: Span) -> None:
        reserved(s.Name(span, name), self.diagnostics)
        if name in frame.names and frame.names[name] is not step:
            first = frame.names[name]
            assert first is not None
            self.twice(s.Name(span, name), exported(first, self.result.exports)[name])
            return
        self.shadow(s.Name(span, name))
        frame.names[name] = step
        names.owner[name] = step

    def shadow(self, name: s.Name) -> None:
        """A name keeps its meaning in the blocks inside; only a branch binds for its `when`."""
        if name.text in self.tables.lets:
            self.twice(name, self.tables.lets[name.text].name.span)
        for outer in self.frames:
            if name.text not in outer.names:
                continue
            owner = outer.names[name.text]
            if owner is None:
                self.report("E0203", f"`{name.text}` is bound twice", name.span, "already a name here",
                            "an input, loop variable or carried name keeps its meaning in the blocks inside")  # fmt: skip
            elif owner is not outer.current or not isinstance(owner, s.When):
                self.twice(name, exported(owner, self.result.exports)[name.text])

    def twice(self, name: s.Name, first: Span) -> None:
        note = f"first bound on line {first.line}; a name has one meaning"
        self.report("E0203", f"`{name.text}` is bound twice", name.span, "second binding", notes=(note,))

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
                        self.expr(arm.test)
                    self.block(arm.body)
            case s.Repeat():
                self.repeat(step)
            case s.Return(entries=entries):
                for _, expr in entries:
                    self.expr(expr)
            case s.Gather(expr=expr):
                self.expr(expr)
            case s.Assert(expr=expr, message=message):
                self.expr(expr)
                if message is not None:
                    self.expr(message)
            case s.Fail(message=message):
                self.expr(message)

    def task_call(self, step: s.Bind | s.Effect) -> None:
        expr = step.expr
        if isinstance(expr, s.Apply) and isinstance(expr.callee, s.Ref) and expr.callee.name in self.tables.tasks:
            self.arguments(expr, self.tables.tasks[expr.callee.name])
        else:
            self.expr(expr)
        for name in step.after:
            self.after(name)
        for setting in step.settings:
            self.setting(setting, ("attempt",))

    def arguments(self, expr: s.Apply, task: s.Task) -> None:
        """Arguments of a task; an input of closed choices may be given one as a bare word."""
        fields = {f.name.text: f for f in task.inputs}
        for i, argument in enumerate(expr.args):
            position = task.inputs[i] if i < len(task.inputs) else None
            f = position if argument.name is None else fields.get(argument.name.text)
            value = argument.value
            if f is not None and isinstance(value, s.Ref) and not self.find(value.name):
                if choices := _choices(f.type):
                    self.choice(value, choices)
                    continue
            elif f is not None and isinstance(value, s.TypeRef) and _is_type(f.type):
                if value.name not in self.tables.named and self.tables.complete:
                    help_ = did_you_mean(value.name, self.tables.named)
                    self.report("E0206", f"unknown type `{value.name}`", value.span, "not declared", help_)
                continue
            self.expr(value)

    def choice(self, word: s.Ref, choices: frozenset[str]) -> None:
        if word.name in choices:
            self.result.words.add(word)
        else:
            self.unknown(word, choices)

    def after(self, name: s.Name) -> None:
        for frame in reversed(self.frames):
            if name.text in frame.names:
                if frame.names[name.text] is None:
                    label = "not a step"
                    self.report("E0201", f"`{name.text}` is no step to wait for", name.span, label)
                    return
                self.use(frame, name.text, name.span)
                return
        if self.tables.complete:
            help_ = did_you_mean(name.text, [n for f in self.frames for n, o in f.names.items() if o])
            self.report("E0201", f"unknown step `{name.text}`", name.span, "not bound in this scope", help_)

    def foreach(self, step: s.Foreach) -> None:
        variables: dict[str, s.Step | None] = {}
        for variable, over in step.over:
            self.expr(over)
            reserved(variable, self.diagnostics)
            if variable.text in variables:
                self.report("E0203", f"`{variable.text}` is bound twice", variable.span, "second loop variable")
            self.shadow(variable)
            variables[variable.text] = None
        if step.up_to is not None:
            self.expr(step.up_to)
        for setting in step.settings:
            self.setting(setting)
        self.frames.append(Frame(variables))
        self.block(step.body)
        self.frames.pop()

    def repeat(self, step: s.Repeat) -> None:
        self.expr(step.up_to)
        carried: dict[str, s.Step | None] = {}
        for carry in step.carries:
            self.expr(carry.start)
            if carry.name.text in carried:
                self.report("E0203", f"`{carry.name.text}` is carried twice", carry.name.span, "second carry")
            carried[carry.name.text] = None
        # Inside the loop the carried names are the round's; the outer frame sees their last values.
        outer = self.frames[-1]
        hidden = {name: outer.names.pop(name) for name in carried if outer.names.get(name) is step}
        self.frames.append(Frame(carried))
        self.enter(step.body)
        for following in step.nexts:
            self.expr(following.expr)
        self.expr(step.until)
        if step.fail is not None:
            self.expr(step.fail)
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
                    self.expr(argument.value)
        elif isinstance(value, s.Binary) and value.op == "of":
            self.expr(value.left)
        elif setting.name.text == "gpu" and isinstance(value, s.TypeRef):
            pass
        elif setting.name.text not in _OWN_WORDS:
            self.expr(value)
        if extra:
            self.frames.pop()

    # ---- expressions

    def expr(self, expr: s.Expr) -> None:
        match expr:
            case s.Ref():
                self.ref(expr)
            case s.TypeRef():
                self.diagnostics.append(not_a_value(expr, self.tables))
            case s.Apply():
                self.apply(expr)
            case s.Comprehension(variable=variable):
                self.expr(expr.over)
                reserved(variable, self.diagnostics)
                self.shadow(variable)
                self.frames.append(Frame({variable.text: None}))
                self.expr(expr.item)
                if expr.test is not None:
                    self.expr(expr.test)
                self.frames.pop()
            case s.Binary(op="div", left=s.Literal(type="Money"), right=s.Ref(name=unit)) if not self.find(unit):
                help_ = "write `$3/h`, or per `s`, `min` or `d`"
                self.report("E0120", f"`{unit}` is not a unit of time", expr.right.span, "unknown unit", help_)
            case _:
                for part in s.parts_of(expr):
                    self.expr(part)

    def apply(self, expr: s.Apply) -> None:
        for argument in expr.args:
            if not self.meant_as_selector(expr, argument):
                self.expr(argument.value)
        callee = expr.callee
        match callee:
            case s.Ref(name=name):
                self.called(callee, name)
            case s.TypeRef(name=name):
                if name not in self.tables.named and self.tables.complete:
                    help_ = did_you_mean(name, self.tables.record_syntax)
                    self.report("E0206", f"unknown record type `{name}`", callee.span, "not declared", help_)
            case s.Member(base=s.Ref(name=name) as base) if not self.find(name) and name not in self.tables.modules:
                self.no_module(base, name)
            case _:
                self.expr(callee)
                self.report("E0313", "only tasks, functions and record types can be called", callee.span, "a value")

    def meant_as_selector(self, expr: s.Apply, argument: s.Argument) -> bool:
        """`by = loss` for `by = .loss`: types say so, and better."""
        name, value = argument.name, argument.value
        function = isinstance(expr.callee, s.Ref) and "by" in prelude.FUNCTIONS.get(expr.callee.name, ((), (), ()))[2]
        return bool(function and name and name.text == "by" and isinstance(value, s.Ref) and not self.find(value.name))

    def called(self, callee: s.Ref, name: str) -> None:
        if name in prelude.FUNCTIONS or name in self.tables.functions:
            return
        if name in self.tables.tasks:
            help_ = f"bind it first: `y = {name}(…)`, then use `y.<output>` here"
            self.report("E0312", f"the task `{name}` is called inside an expression", callee.span,
                        "a task call is the whole right side of a binding", help_)  # fmt: skip
        elif name in self.tables.pipelines:
            self.report("E1001", "calling a pipeline is not supported by this version yet", callee.span, "not yet")
        elif self.find(name):
            self.report("E0313", f"`{name}` is a value, it cannot be called", callee.span, "not a task or function")
        elif self.tables.complete:
            help_ = did_you_mean(name, [*self.tables.tasks, *prelude.FUNCTIONS])
            self.report("E0201", f"unknown task or function `{name}`", callee.span, "not declared", help_)

    def no_module(self, base: s.Ref, name: str) -> None:
        if not self.tables.complete:
            return
        known = [*self.tables.modules, *(r for r, d in self.tables.resources.items() if d.kind == "connector")]
        help_ = did_you_mean(name, known) or f'import it: `import "…" as {name}`'
        self.report("E0201", f"there is no module or connector `{name}`", base.span, "not imported", help_)

    def find(self, name: str) -> bool:
        return name in self.tables.lets or self.secret(name) or any(name in f.names for f in self.frames)

    def secret(self, name: str) -> bool:
        return name in self.tables.resources and self.tables.resources[name].kind == "secret"

    def ref(self, ref: s.Ref) -> None:
        for frame in reversed(self.frames):
            if ref.name in frame.names:
                self.use(frame, ref.name, ref.span)
                return
        if ref.name in self.tables.lets:
            if self.in_let:
                self.result.lets[self.in_let].setdefault(ref.name, ref.span)
            return
        if not self.secret(ref.name):
            self.unknown(ref)

    def use(self, frame: Frame, name: str, span: Span) -> None:
        """Record that the frame's current step needs the step that binds `name`."""
        frame.used.add(name)
        owner, step = frame.names[name], frame.current
        if frame.block is not None and step is not None and owner is not None:
            frame.block.waits[step].setdefault(owner, (label(step), name, span))
        self.narrow(frame, name, span)

    def narrow(self, home: Frame, name: str, span: Span) -> None:
        """Whoever reads a name that an `assert … != none` vouches for waits for the assert.

        Asserts outside the frame where the name is at home speak of another name.
        """
        inside = next(i for i, frame in enumerate(self.frames) if frame is home)
        for frame in self.frames[inside:]:
            if frame.block is None or frame.current is None or name not in frame.block.narrowed:
                continue
            check = frame.block.narrowed[name]
            owner = frame.names.get(name)
            if frame.current is not check and not isinstance(frame.current, s.Assert) and owner is not frame.current:
                frame.block.waits[frame.current].setdefault(check, (label(frame.current), "assert", span))

    def unknown(self, ref: s.Ref, words: Collection[str] = ()) -> None:
        for frame in reversed(self.frames):
            if ref.name in frame.partial:
                self.half_bound.add((frame.partial[ref.name], ref.name))
                break
        found = unknown_name(ref, self.frames, self.tables, words=words, siblings=self.siblings)
        if found is not None:
            self.diagnostics.append(found)


_OWN_WORDS = frozenset({"policy", "cache"})


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
