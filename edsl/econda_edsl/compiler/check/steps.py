"""Steps checked: the type of every name, every call against its task, every bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.called import check_called
from econda_edsl.compiler.check.ranges import check_given, check_inputs
from econda_edsl.compiler.check.settings import SettingChecks
from econda_edsl.compiler.check.tasks import NEED_TYPES
from econda_edsl.compiler.expressions import calls
from econda_edsl.compiler.expressions.constants import MISSING, Constants
from econda_edsl.compiler.expressions.infer import Inference
from econda_edsl.compiler.expressions.lower import is_static
from econda_edsl.compiler.resolve.scopes import Names, ends, exported
from econda_edsl.compiler.syntax.steps import called_name, called_task
from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types.entities import HANDLED, RUN
from econda_edsl.compiler.types.model import Type
from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.words import prelude

Env = dict[str, Type]
PARALLEL_MOST = 100_000
MEMBERS_MOST = 1_000_000


@dataclass(slots=True)
class StepChecks:
    """`binds[when]` are the types of the names that leave a `when`."""

    inference: Inference
    constants: Constants
    settings: SettingChecks
    names: Names
    order: Mapping[s.Block, tuple[s.Step, ...]]
    files: Mapping[str, bytes]
    binds: dict[s.Step, Env] = field(default_factory=dict)
    bounds_known: frozenset[str] = frozenset()
    lengths: dict[s.Expr, int] = field(default_factory=dict)
    ranges: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)

    def check(self, d: s.Pipeline) -> None:
        check_inputs(d.inputs, self.constants, self.files)
        self.settings.pipeline(d)
        inputs = self.inference.tables.inputs(d)
        self.settings.exclusive(next((x for x in d.settings if x.name.text == "concurrency"), None), inputs)
        self.settings.publish(d, inputs)
        self.policy(d)
        bounds = self.inference.tables.facts.bounds
        self.ranges = {f.name.text: bounds[f] for f in d.inputs if f in bounds and inputs[f.name.text] == t.INT}
        self.bounds_known = frozenset(inputs) | frozenset(self.inference.tables.lets)
        for handler in d.handlers:
            self.block(handler.body, {**inputs, "run": HANDLED})
        env = self.block(d.body, {**inputs, "run": RUN})
        outputs = self.inference.tables.outputs(d)
        for step in d.body.steps:
            if isinstance(step, s.Return):
                for name, expr in step.entries:
                    wanted = outputs.get(name.text, t.UNKNOWN)
                    self.inference.require(expr, wanted, env, f"the output `{name.text}`")

    def policy(self, d: s.Pipeline) -> None:
        """`policy` is the name of a policy, or a list of names."""
        setting = next((x for x in d.settings if x.name.text == "policy"), None)
        if setting is None:
            return
        value, tables = setting.value, self.inference.tables
        for item in value.items if isinstance(value, s.Items) else (value,):
            name = item.name if isinstance(item, s.Ref) else ""
            if name not in tables.policies and (tables.complete or not name):
                what = tables.kind_of(name)
                help_ = did_you_mean(name, tables.policies) or (f"`{name}` is {what}" if what else "")
                help_ = help_ or "declare `policy name:` or import one"
                message = f"unknown policy `{name}`" if name else "`policy` takes the name of a policy"
                self.inference.report("E0201", message, item.span, "not declared", help_)

    def block(self, block: s.Block, outer: Mapping[str, Type]) -> Env:
        """Check the steps in order of need; returns the names visible at the end of the block."""
        env: Env = dict(outer)
        info = self.names.blocks.get(block)
        for step in self.order.get(block, ()):
            for name, found in self.step(step, env).items():
                if info is None or info.owner.get(name) is step:
                    env[name] = found
            if isinstance(step, s.Assert):
                env.update(self.inference.narrowed(step.expr, env, True))
        return env

    def step(self, step: s.Step, env: Env) -> Env:
        match step:
            case s.Bind(name=name):
                return {name.text: self.called(step, env)}
            case s.Effect():
                self.effect(step, env)
            case s.Foreach():
                return self.foreach(step, env)
            case s.When():
                self.binds[step] = self.when(step, env)
                return self.binds[step]
            case s.Repeat():
                return self.repeat(step, env)
            case s.Assert(expr=expr, message=message):
                self.inference.test(expr, env, "what is asserted")
                if message is not None:
                    self.inference.infer(message, env)
            case s.Fail(message=message):
                self.inference.infer(message, env)
            case s.Return() | s.Gather():
                pass
        return {}

    # ---- calls

    def called(self, step: s.Bind | s.Effect, env: Env) -> Type:
        tables = self.inference.tables
        called = called_task(step.expr, tables.tasks) or called_task(step.expr, tables.pipelines)
        if called is None and self.may_be_a_task(step.expr):
            return self.inference.infer(step.expr, env)
        if called is None:
            for setting in step.settings:
                self.inference.report("E0204", "only a task call takes settings", setting.span, "no task here")
            for name in step.after:
                self.inference.report("E0204", "only a task call waits with `after`", name.span, "no task here")
            return self.inference.infer(step.expr, env)
        assert isinstance(step.expr, s.Apply)
        inputs = tables.inputs(called)
        given = calls.arguments(self.inference, step.expr, inputs, env, called.name.text)
        needed = [f.name.text for f in called.inputs if f.default is None and inputs[f.name.text].kind != "optional"]
        if missing := [name for name in needed if name not in given]:
            calls.missing(self.inference, step.expr, called.name.text, missing, inputs)
        check_given(called.inputs, given, self.constants)
        if isinstance(called, s.Pipeline):
            check_called(self.settings, step, called, given)
        else:
            self.step_settings(step, env)
        result = t.record(tables.outputs(called))
        self.inference.types[step.expr] = result
        return result

    def step_settings(self, step: s.Bind | s.Effect, env: Env) -> None:
        scope = {**env, "attempt": t.INT}
        found = self.settings.known(step.settings, "step", prelude.STEP)
        for name, wanted in NEED_TYPES.items():
            if name not in found:
                continue
            if name == "gpu":
                self.settings.gpu(found[name].value, scope)
            else:
                self.inference.require(found[name].value, wanted, scope, f"`{name}`")
            self.settings.need(found[name])
        self.settings.retry(found.get("retry"))
        self.settings.duration(found.get("timeout"))
        self.settings.checkpoint(found.get("checkpoint"))
        self.settings.cache(found.get("cache"))

    def effect(self, step: s.Effect, env: Env) -> None:
        self.called(step, env)
        tables = self.inference.tables
        if isinstance(step.expr, s.Apply) and called_name(step.expr) not in {*tables.tasks, *tables.pipelines}:
            callee = step.expr.callee
            if isinstance(callee, s.TypeRef) or (isinstance(callee, s.Ref) and self.value_function(callee.name)):
                help_ = "bind it: `name = …`, or remove it"
                self.inference.report("E0508", "this value is computed and dropped", step.span, "not a task", help_)

    def may_be_a_task(self, expr: s.Expr) -> bool:
        """Whether a call may be of a task that could not be read or imported."""
        name = called_name(expr)
        return bool(name) and not self.inference.tables.complete and not self.value_function(name)

    def value_function(self, name: str) -> bool:
        tables = self.inference.tables
        return name in prelude.FUNCTIONS or name in tables.functions or name in tables.pure_functions

    # ---- loops and branches

    def foreach(self, step: s.Foreach, env: Env) -> Env:
        inner: Env = dict(env)
        total: int | None = 1
        for variable, over in step.over:
            inner[variable.text] = self.inference.element_of(over, env, "`foreach`")
            length = self.longest(over)
            total = None if total is None or length is None else total * length
        self.bounds(step, env, total)
        found = self.settings.known(step.settings, "foreach", prelude.FOREACH)
        parallel = self.settings.count(found.get("parallel"))
        if parallel is not None and parallel > PARALLEL_MOST:
            self.inference.report("E0704", f"`parallel` is at most {PARALLEL_MOST:,}", found["parallel"].value.span, "")
        self.settings.count(found.get("batch"))
        if "tolerate" in found:
            self.settings.fraction(found["tolerate"].value, "`tolerate`")
        body = self.block(step.body, inner)
        gathered = t.UNKNOWN
        for inside in step.body.steps:
            if isinstance(inside, s.Gather):
                gathered = self.inference.infer(inside.expr, body)
        return {step.name.text: t.fan(gathered)} if step.name else {}

    def bounds(self, step: s.Foreach, env: Env, total: int | None) -> None:
        if step.up_to is None:
            if total is not None and total > MEMBERS_MOST:
                message = f"this loop has {total:,} members, the limit is {MEMBERS_MOST:,}"
                self.inference.report("E0703", message, step.over[0][1].span, "too many")
            if total is None and all(self.inference.types[over].kind == "list" for _, over in step.over):
                over = (
                    step.over[0][1] if len(step.over) == 1 else next(o for _, o in step.over if self.longest(o) is None)
                )
                help_ = "add a bound: `foreach … in … up to 100:`; a longer list fails before the first member starts"
                self.inference.report("E0702", "the length of this list is known only when the run gets here",
                                      over.span, "needs `up to`", help_)  # fmt: skip
            return
        limit = self.bound(step.up_to, env)
        if limit is not None and total is not None and total > limit:
            message = f"this loop has {total:,} members, more than its bound of {limit:,}"
            self.inference.report("E0703", message, step.up_to.span, f"at most {limit:,}")

    def bound(self, expr: s.Expr, env: Env) -> int | None:
        """Check the expression after `up to`; its value when it is a constant."""
        found = self.inference.require(expr, t.INT, env, "a bound")
        unknown = [r for r in s.references(expr) if r.name not in self.bounds_known]
        if unknown:
            help_ = "use a number, a constant or an input of the pipeline"
            self.inference.report(
                "E0701", "a bound is known when the run starts", unknown[0].span, "known later", help_
            )
            return None
        if found != t.INT or not is_static(expr, self.constants.lowering):
            return None
        value = self.constants.compute(expr)
        if value is MISSING:
            return None
        if value < 1:
            self.inference.report("E0701", "a bound is at least 1", expr.span, f"this is {value}")
            return None
        return value

    def length(self, expr: s.Expr) -> int | None:
        """How many elements a list has, when that is known now; 0 when its error is already reported."""
        if isinstance(expr, s.Items):
            return len(expr.items)
        if expr in self.lengths:
            return self.lengths[expr]
        if not self.constants.sound(expr):
            return None
        if isinstance(expr, s.Binary) and expr.op == "range":
            ends_ = self.constants.compute(expr.left), self.constants.compute(expr.right)
            self.lengths[expr] = max(0, ends_[1] - ends_[0] + 1) if all(isinstance(x, int) for x in ends_) else 0
        else:
            value = self.constants.compute(expr)
            self.lengths[expr] = len(value) if isinstance(value, list) else 0
        return self.lengths[expr]

    def longest(self, expr: s.Expr) -> int | None:
        """How many elements a list has at most, when that is known now: `1..n` is bounded where `n` has a range."""
        length = self.length(expr)
        if length is not None or not isinstance(expr, s.Binary) or expr.op != "range":
            return length
        first, last = self.end(expr.left, 0), self.end(expr.right, 1)
        return None if first is None or last is None else max(0, last - first + 1)

    def end(self, expr: s.Expr, side: int) -> int | None:
        """The lowest (`side` 0) or highest (1) that an end of a range can be: a constant, or an input that has a range."""
        if isinstance(expr, s.Ref) and expr.name in self.ranges:
            return self.ranges[expr.name][side]
        value = self.constants.compute(expr) if self.constants.sound(expr) else None
        return value if isinstance(value, int) else None

    def when(self, step: s.When, env: Env) -> Env:
        scope: Mapping[str, Type] = env
        ends_of: list[tuple[s.Arm, Env]] = []
        for arm in step.arms:
            inner = dict(scope)
            if arm.test is not None:
                self.inference.test(arm.test, scope, "the condition of `when`")
                self.constant_condition(arm.test)
                inner = dict(self.inference.narrowed(arm.test, scope, True))
                scope = self.inference.narrowed(arm.test, scope, False)
            end = self.block(arm.body, inner)
            if not ends(arm.body):
                ends_of.append((arm, end))
        return {name: self.joined(name, ends_of) for name in exported(step, self.names.exports)}

    def joined(self, name: str, arms: list[tuple[s.Arm, Env]]) -> Type:
        result: Type | None = None
        for arm, env in arms:
            found = env.get(name, t.UNKNOWN)
            together = found if result is None else t.join(result, found)
            if together is None:
                where = next(
                    (x[name] for x in (exported(b, self.names.exports) for b in arm.body.steps) if name in x), arm.span
                )
                message = f"`{name}` has different types on different paths"
                assert result is not None
                label = f"{found.label} here, {result.label} before"
                self.inference.report("E0301", message, where, label, "bind values of one type on every path")
                return t.UNKNOWN
            result = together
        return result or t.UNKNOWN

    def constant_condition(self, test: s.Expr) -> None:
        if not is_static(test, self.constants.lowering) or not self.constants.sound(test):
            return
        value = self.constants.compute(test)
        if isinstance(value, bool):
            word = "always" if value else "never"
            help_ = "test an input or a result, or remove the branch"
            self.inference.report("E0501", f"this condition {word} holds", test.span, "constant", help_)

    def repeat(self, step: s.Repeat, env: Env) -> Env:
        self.bound(step.up_to, env)
        carried: Env = {}
        for carry in step.carries:
            wanted = self.inference.tables.fields.get(carry, t.UNKNOWN)
            self.inference.require(carry.start, wanted, env, f"the start of `{carry.name.text}`")
            carried[carry.name.text] = wanted
        hidden = {k: v for k, v in env.items() if k not in carried}
        body = self.block(step.body, {**hidden, **carried})
        for following in step.nexts:
            wanted = carried.get(following.name.text, t.UNKNOWN)
            self.inference.require(following.expr, wanted, body, f"the next `{following.name.text}`")
        self.inference.test(step.until, body, "the condition of `until`")
        if step.fail is not None:
            self.inference.infer(step.fail, body)
        return carried
