"""Settings: which exist where, their types and their meaning as plan records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.contradictions import contradiction
from econda_edsl.compiler.expressions.constants import MISSING, Constants
from econda_edsl.compiler.expressions.infer import Inference, Scope
from econda_edsl.compiler.types import model as t
from econda_edsl.diagnostics import Span
from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.plan import Cache, Retry, Settings
from econda_edsl.words import prelude
from econda_edsl.words.other_languages import setting_help

ATTEMPTS_MOST = 100
_PACKAGE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._, -]+\])?\s*((===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+\s*,?\s*)*(;[^\n]*)?"
)


class Checkpoint(NamedTuple):
    """How often a checkpoint is saved: by time (ms) or by what changed (bytes)."""

    ms: int | None
    bytes: int | None


@dataclass(slots=True)
class SettingChecks:
    """Checks settings and turns the constant ones into values."""

    inference: Inference
    constants: Constants

    def report(self, code: str, message: str, span: Span, label: str = "", help: str = "") -> None:
        self.inference.report(code, message, span, label, help)

    def known(self, settings: Iterable[s.Setting], place: str, names: Iterable[str]) -> dict[str, s.Setting]:
        """The settings by name, without those that do not exist there or come twice."""
        found: dict[str, s.Setting] = {}
        names = tuple(names)
        for setting in settings:
            name = setting.name.text
            if name not in names:
                where = {"needs": "`needs`", "foreach": "a `foreach`"}.get(place, f"a {place}")
                help_ = self.elsewhere(name, place, names)
                self.report("E0204", f"{where} has no setting `{name}`", setting.span, "unknown setting", help_)
            elif name in found:
                self.report("E0208", f"`{name}` is set twice", setting.span, f"first on line {found[name].span.line}")
            else:
                found[name] = setting
        return found

    def elsewhere(self, name: str, place: str, names: tuple[str, ...]) -> str:
        near = did_you_mean(name, names)
        if not near and (meant := setting_help(name)):
            needs = place == "task" and meant.split("`")[1].split(" ")[0] in prelude.NEEDS
            return f"{meant} in the `needs:` block" if needs else meant
        if near:
            return near
        if place == "task" and name in prelude.NEEDS:
            return "put it into the `needs:` block"
        if place == "needs" and name in prelude.TASK:
            return "put it into the task itself, outside `needs:`"
        return "it has " + ", ".join(f"`{n}`" for n in names)

    # ---- constants of one type

    def duration(self, setting: s.Setting | None) -> int | None:
        return self.positive(setting, t.DURATION)

    def money(self, setting: s.Setting | None) -> int | None:
        return self.positive(setting, t.MONEY)

    def count(self, setting: s.Setting | None) -> int | None:
        return self.positive(setting, t.INT)

    def positive(self, setting: s.Setting | None, wanted: t.Type) -> int | None:
        if setting is None:
            return None
        value = self.constants.value(setting.value, wanted, f"`{setting.name.text}`")
        if value is MISSING:
            return None
        if value <= 0:
            self.report("E0704", f"`{setting.name.text}` is more than zero", setting.value.span, "out of range")
            return None
        return value

    def need(self, setting: s.Setting) -> None:
        """A need that is known already asks for something."""
        value, name = setting.value, setting.name.text
        if isinstance(value, s.Binary) and value.op == "of":
            value = value.left
        amount = self.constants.compute(value) if self.constants.sound(value) else MISSING
        if not isinstance(amount, int | float):
            return
        if name in ("disk", "gpu") and amount < 0:
            self.report("E0704", f"`{name}` is not negative", value.span, "out of range")
        elif name not in ("disk", "gpu") and amount <= 0:
            self.report("E0704", f"`{name}` is more than zero", value.span, "out of range")

    def fraction(self, expr: s.Expr | None, what: str) -> float | None:
        if expr is None:
            return None
        value = self.constants.value(expr, t.PERCENT, what)
        if value is MISSING:
            return None
        if not 0 <= value <= 1:
            self.report("E0704", f"{what} lies between 0% and 100%", expr.span, "out of range")
            return None
        return value

    def string(self, setting: s.Setting | None) -> str | None:
        if setting is None:
            return None
        value = self.constants.value(setting.value, t.STRING, f"`{setting.name.text}`")
        return None if value is MISSING else value

    def packages(self, setting: s.Setting | None) -> tuple[str, ...]:
        if setting is None:
            return ()
        value = self.constants.value(setting.value, t.list_of(t.STRING), "`packages`")
        if value is MISSING:
            return ()
        for package in value:
            if not _PACKAGE.fullmatch(package):
                help_ = 'write name and version, such as "scikit-learn==1.7.*"'
                self.report("E0316", f"`{package}` is not a package requirement", setting.value.span, "", help_)
        if clash := contradiction(value):
            message = f"no version fits {' and '.join(f'`{each}`' for each in clash)}"
            self.report("E0318", message, setting.value.span, "contradict each other", "keep one of them")
        return tuple(value)

    def tags(self, setting: s.Setting | None) -> dict[str, str]:
        if setting is None:
            return {}
        value = self.constants.value(setting.value, t.map_of(t.STRING, t.STRING), "`tags`")
        return {} if value is MISSING else value

    # ---- settings with words of their own

    def gpu(self, expr: s.Expr, scope: Scope) -> tuple[s.Expr, tuple[str, ...]]:
        """`2` or `2 of [A100, H100]`: the count and the kinds."""
        if isinstance(expr, s.TypeRef):
            help_ = f"write `1 of [{expr.name}]`"
            self.report("E0313", "`gpu` says how many, then of which kinds", expr.span, "no number", help_)
            return s.Literal(expr.span, 1, "Int"), (expr.name,)
        if isinstance(expr, s.Text) and expr.plain and re.fullmatch(r"[A-Z]\w*", expr.plain):
            help_ = f"write `1 of [{expr.plain}]`"
            self.report("E0313", "`gpu` says how many, then of which kinds", expr.span, "no number", help_)
            return s.Literal(expr.span, 1, "Int"), (expr.plain,)
        if not isinstance(expr, s.Binary) or expr.op != "of":
            self.inference.require(expr, t.INT, scope, "`gpu`")
            return expr, ()
        self.inference.require(expr.left, t.INT, scope, "the number of GPUs")
        kinds = expr.right.items if isinstance(expr.right, s.Items) else (expr.right,)
        for kind in kinds:
            if not isinstance(kind, s.TypeRef):
                self.report("E0313", "a kind of GPU is an Upper name", kind.span, "", "for example `2 of [A100, H100]`")
        return expr.left, tuple(k.name for k in kinds if isinstance(k, s.TypeRef))

    def checkpoint(self, setting: s.Setting | None) -> Checkpoint:
        """`every(10min)` or `every(200MB)`."""
        if setting is None:
            return Checkpoint(None, None)
        args = self.call(setting.value, ("every",), "checkpoint", "`checkpoint = every(10min)`")
        if args is None:
            return Checkpoint(None, None)
        if set(args) != {"0"}:
            help_ = "for example `every(10min)`"
            self.report("E0302", "`every` takes one duration or size", setting.value.span, "", help_)
            return Checkpoint(None, None)
        only = s.Setting(setting.span, setting.name, args["0"])
        if self.inference.infer(args["0"], {}) == t.SIZE:
            return Checkpoint(None, self.positive(only, t.SIZE))
        return Checkpoint(self.duration(only), None)

    def cache(self, setting: s.Setting | None) -> Cache | None:
        """`inputs`, `none` or `for(7d)`."""
        if setting is None:
            return None
        value = setting.value
        if isinstance(value, s.Literal) and value.type == "None":
            return Cache(use=False)
        if isinstance(value, s.Ref) and value.name == "inputs":
            return Cache()
        args = self.call(value, ("for",), "cache", "`cache = inputs`, `cache = for(7d)` or `cache = none`")
        if args is None:
            return None
        if set(args) != {"0"}:
            self.report("E0302", "`for` takes one duration", value.span, "", "for example `cache = for(7d)`")
            return None
        age = self.duration(s.Setting(setting.span, setting.name, args["0"]))
        return None if age is None else Cache(max_age_ms=age)

    def own_process(self, setting: s.Setting | None) -> bool:
        """Whether it is `isolation = process`."""
        if setting is None:
            return False
        if isinstance(setting.value, s.Ref) and setting.value.name == "process":
            return True
        help_ = "write `isolation = process`, or leave it out: attempts of one task of one run then share a process"
        self.report("E0302", "`isolation` of a task is `process`", setting.value.span, "", help_)
        return False

    def exclusive(self, setting: s.Setting | None, scope: Scope) -> s.Expr | None:
        """The key of `exclusive(by = key)`."""
        if setting is None:
            return None
        args = self.call(setting.value, ("exclusive",), "concurrency", "`concurrency = exclusive(by = key)`")
        if args is None:
            return None
        if set(args) != {"by"}:
            help_ = "for example `exclusive(by = key)`"
            self.report("E0302", "`exclusive` takes `by`", setting.value.span, "", help_)
            return None
        found = self.inference.infer(args["by"], scope)
        if found.known and found.inner.label not in ("String", "Int", "Date") and found.kind != "choice":
            self.report("E0301", f"`by` is a name or number, not {found.label}", args["by"].span, "not a key")
            return None
        return args["by"]

    def publish(self, d: s.Pipeline, scope: Scope) -> s.Expr | None:
        """Where outputs are copied to: text, with what `prelude.PUBLISHED` names and inputs in it."""
        setting = next((each for each in d.settings if each.name.text == "publish"), None)
        if setting is None:
            return None
        from econda_edsl.words.places import fault

        value, before = setting.value, len(self.inference.diagnostics)
        self.inference.require(value, t.STRING, {**dict.fromkeys(prelude.PUBLISHED, t.STRING), **scope}, "`publish`")
        if len(self.inference.diagnostics) > before:
            return None
        if not d.outputs:
            help_ = "give the pipeline outputs: `pipeline … -> (model: File):`"
            self.report("E0319", f"`{d.name.text}` has no outputs to publish", value.span, "nothing to copy", help_)
        elif wrong := fault(self.foreseen(value, scope)):
            help_ = 'for example "s3://bucket/models/{run}" or "results/{run}"'
            self.report("E0319", f"outputs cannot be published there: {wrong}", value.span, "not a place", help_)
        return value

    def foreseen(self, expr: s.Expr, scope: Scope) -> str:
        """A text as far as it is known before a run: an input is `UNKNOWN`, and what econda itself puts in is its name."""
        from econda_edsl.words.places import UNKNOWN

        if isinstance(expr, s.Text):
            return "".join(part if isinstance(part, str) else self.foreseen(part, scope) for part in expr.parts)
        known = {**self.inference.lets, **scope}
        if isinstance(expr, s.Ref) and not known.get(expr.name, t.UNKNOWN).known:
            # Econda's own, or a name that nobody knows, of which that is said already.
            return expr.name
        found = self.constants.compute(expr) if self.constants.sound(expr) else MISSING
        return UNKNOWN if found is MISSING else str(found)

    def call(self, expr: s.Expr, names: tuple[str, ...], what: str, example: str) -> dict[str, s.Expr] | None:
        """Arguments of `name(…)` by name, positional ones under "0", "1", …; the callee under ""."""
        if not isinstance(expr, s.Apply) or not isinstance(expr.callee, s.Ref) or expr.callee.name not in names:
            help_ = ""
            if isinstance(expr, s.Apply) and isinstance(expr.callee, s.Ref):
                help_ = did_you_mean(expr.callee.name, names)
            self.report("E0313", f"`{what}` takes {' or '.join(f'`{n}(…)`' for n in names)}", expr.span,
                        "not one", help_ or f"for example {example}")  # fmt: skip
            return None
        out: dict[str, s.Expr] = {}
        for i, argument in enumerate(expr.args):
            key = str(i) if argument.name is None else argument.name.text
            if key in out:
                self.report("E0208", f"`{key}` is set twice", argument.span, "second value")
            out[key] = argument.value
        return out

    def retry(self, setting: s.Setting | None) -> Retry | None:
        if setting is None:
            return None
        value = setting.value
        count = value.value if isinstance(value, s.Literal) and value.type == "Int" else 4
        example = f"`retry = exponential(attempts = {count}, first = 30s)`"
        args = self.call(value, ("exponential", "linear"), "retry", example)
        if args is None or not isinstance(value, s.Apply) or not isinstance(value.callee, s.Ref):
            return None
        kind = "linear" if value.callee.name == "linear" else "exponential"
        readers = self.retry_readers()
        allowed = (
            ("attempts", "wait", "cap", "jitter", "on")
            if kind == "linear"
            else tuple(k for k in readers if k != "wait")
        )
        fields: dict[str, Any] = {"kind": kind}
        for key, expr in args.items():
            if key not in allowed:
                self.unknown_argument(value, kind, key, allowed)
                continue
            name, read = readers[key]
            if (result := read(expr)) is not None:
                fields[name] = result
        if "attempts" not in args:
            self.report("E0302", f"`{kind}` needs `attempts`", value.callee.span, "missing", f"for example {example}")
        if kind == "linear" and "wait" not in args:
            self.report("E0302", "`linear` needs `wait`", value.callee.span, "missing", "add `wait = 1min`")
        fields["cap_ms"] = max(fields.get("cap_ms", 600_000), fields.get("first_ms", 1_000))
        return Retry(**fields)

    def unknown_argument(self, call: s.Apply, kind: str, key: str, allowed: tuple[str, ...]) -> None:
        help_ = did_you_mean(key, allowed) or "it has " + ", ".join(f"`{a} = …`" for a in allowed)
        if key.isdigit():
            span = call.args[int(key)].span
            self.report("E0204", f"`{kind}` takes its settings by name", span, "has no name", help_)
            return
        span = next(a.name.span for a in call.args if a.name is not None and a.name.text == key)
        self.report("E0204", f"`{kind}` has no setting `{key}`", span, "unknown", help_)

    def retry_readers(self) -> dict[str, tuple[str, Callable[[s.Expr], Any]]]:
        def wait(what: str) -> Callable[[s.Expr], Any]:
            return lambda e: self.duration(s.Setting(e.span, s.Name(e.span, what), e))

        return {
            "attempts": ("attempts", self.attempts),
            "first": ("first_ms", wait("first")),
            "wait": ("first_ms", wait("wait")),
            "factor": ("factor", self.factor),
            "cap": ("cap_ms", wait("cap")),
            "jitter": ("jitter", lambda e: self.fraction(e, "`jitter`")),
            "on": ("on", self.failures),
        }

    def attempts(self, expr: s.Expr) -> int | None:
        value = self.constants.value(expr, t.INT, "`attempts`")
        if value is MISSING:
            return None
        if not 1 <= value <= ATTEMPTS_MOST:
            self.report("E0704", f"`attempts` lies between 1 and {ATTEMPTS_MOST}", expr.span, "out of range")
            return None
        return value

    def factor(self, expr: s.Expr) -> float | None:
        value = self.constants.value(expr, t.FLOAT, "`factor`")
        if value is MISSING:
            return None
        if not 1 <= value <= 100:
            self.report("E0704", "`factor` lies between 1 and 100", expr.span, "out of range")
            return None
        return float(value)

    def failures(self, expr: s.Expr) -> tuple[str, ...] | None:
        if isinstance(expr, s.Ref) and expr.name == "any":
            return ()
        items = expr.items if isinstance(expr, s.Items) else (expr,)
        for item in items:
            if not isinstance(item, s.Ref) or item.name not in prelude.FAILURES:
                name = item.name if isinstance(item, s.Ref) else ""
                help_ = did_you_mean(name, prelude.FAILURES) or "known: any, " + ", ".join(prelude.FAILURES)
                self.report("E0204", f"`{name}` is not a kind of failure" if name else "`on` lists kinds of failure",
                            item.span, "unknown", help_)  # fmt: skip
                return None
        return tuple(item.name for item in items if isinstance(item, s.Ref))

    def pipeline(self, d: s.Pipeline) -> Settings:
        found = self.known(d.settings, "pipeline", prelude.PIPELINE)
        return Settings(
            budget_micros=self.money(found.get("budget")),
            deadline_ms=self.duration(found.get("deadline")),
            tags=self.tags(found.get("tags")),
            priority=self.whole(found.get("priority")) or 0,
        )

    def whole(self, setting: s.Setting | None) -> int | None:
        """A constant Int of any sign."""
        if setting is None:
            return None
        value = self.constants.value(setting.value, t.INT, f"`{setting.name.text}`")
        return None if value is MISSING else value
