"""Policies checked: guards are Bool, objectives are quantities, settings have their words, `extends` has no cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.settings import SettingChecks
from econda_edsl.compiler.expressions.constants import MISSING
from econda_edsl.compiler.expressions.infer import Inference
from econda_edsl.compiler.resolve.cycles import sort_by_need
from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types.entities import ENTITIES
from econda_edsl.diagnostics.spelling import did_you_mean

_FORMS: dict[str, tuple[str, str, dict[str, str]]] = {
    "share": ("fair", "fair(by = user, half_life = 7d)", {"by": "Word", "half_life": "Duration", "weights": "Weights"}),
    "budget": ("limit", "limit($400, per = 1d, by = team)", {"0": "Money", "per": "Duration", "by": "Word"}),
    "deadline": ("soft", "soft(6h, penalty = $20/h)", {"0": "Duration", "penalty": "Rate"}),
    "preempt": ("lower_priority", "lower_priority(after = 5min, only = checkpointed)",
                {"after": "Duration", "only": "Word"}),
    "rebalance": ("migrate", "migrate(every = 5min, when_saving = 25%)",
                  {"every": "Duration", "when_saving": "Percent"}),
}  # fmt: skip
_WORDS = {"by": ("user", "team", "namespace", "pipeline"), "only": ("checkpointed", "any")}
SETTINGS = ("priority", "max_parallel", *_FORMS)


@dataclass(slots=True)
class PolicyChecks:
    """`sound` has the settings of each policy of the module that has no error."""

    inference: Inference
    settings: SettingChecks
    sound: dict[str, dict[str, Any]] = field(default_factory=dict)

    def check(self, d: s.Policy) -> None:
        before = len(self.inference.diagnostics)
        for rule in d.rules:
            self.rule(rule)
            if rule.kind == "scope":
                self.scope(rule)
        self.objectives_in_order(d)
        self.extends(d)
        values = self.values(d)
        if len(self.inference.diagnostics) == before:
            self.sound[d.name.text] = values

    def rule(self, rule: s.Rule) -> None:
        if rule.kind not in ("minimize", "maximize"):
            self.inference.test(rule.expr, ENTITIES, f"what follows `{rule.kind}`")
            self.constant(rule)
            if rule.because is not None and rule.because.plain is None:
                help_ = "say it without `{…}`"
                self.inference.report("E0308", "a reason is plain text", rule.because.span, "interpolated", help_)
            return
        found = self.inference.infer(rule.expr, ENTITIES)
        if found.known and not t.is_number(found) and found.label not in t.QUANTITIES:
            help_ = "for example `minimize offer.cost + $6/h * offer.latency`"
            message = f"an objective is a quantity or number, not {found.label}"
            self.inference.report("E0903", message, rule.expr.span, f"this is {found.label}", help_)

    def constant(self, rule: s.Rule) -> None:
        """A guard that looks at nothing excludes everything or nothing."""
        constants = self.settings.constants
        value = constants.compute(rule.expr) if constants.sound(rule.expr) else None
        if isinstance(value, bool):
            message = f"this rule {'always' if value else 'never'} holds"
            help_ = "test `offer`, `pool`, `task`, `queue` or `pipeline`, or remove the rule"
            self.inference.report("E0501", message, rule.expr.span, "constant", help_)

    def scope(self, rule: s.Rule) -> None:
        """Whether a policy speaks about a run does not depend on where the run might go."""
        others = [ref for ref in s.references(rule.expr) if ref.name in ENTITIES and ref.name != "pipeline"]
        for ref in others[:1]:
            help_ = "test `pipeline.name` or `pipeline.tags.…`; other tests belong to `forbid` and `require`"
            self.inference.report("E0902", f"a scope looks at `pipeline`, not at `{ref.name}`", ref.span, "", help_)

    def objectives_in_order(self, d: s.Policy) -> None:
        first = None
        for rule in d.rules:
            if rule.kind not in ("minimize", "maximize"):
                continue
            if rule.then and first is None:
                help_ = f"the first is `{rule.kind} …`"
                self.inference.report("E0904", "`then` follows another objective", rule.span, "nothing before", help_)
            elif not rule.then and first is not None:
                help_ = f"say which counts first: `then {rule.kind} …`"
                label = f"the first is on line {first.span.line}"
                self.inference.report("E0904", "a second objective", rule.span, label, help_)
            first = first or rule

    def extends(self, d: s.Policy) -> None:
        tables, base = self.inference.tables, d.extends
        if base is None or base.text in tables.policies or not tables.complete:
            return
        what = tables.kind_of(base.text)
        help_ = did_you_mean(base.text, tables.policies) or (f"`{base.text}` is {what}" if what else "")
        self.inference.report("E0201", f"unknown policy `{base.text}`", base.span, "not declared", help_)

    def cycles(self, own: Mapping[str, s.Policy]) -> None:
        """Refuse policies that extend each other; those of other modules cannot extend one of this module."""
        needs = {name: [d.extends.text] for name, d in own.items() if d.extends is not None and d.extends.text in own}
        for cycle in sort_by_need(own, needs)[1]:
            notes = (f"cycle: {' -> '.join([*cycle, cycle[0]])}",)
            at = own[cycle[0]].name.span
            message = "these policies extend each other"
            self.inference.report("E0905", message, at, "needs itself", notes=notes)
            for name in cycle:
                self.sound.pop(name, None)

    # ---- settings

    def values(self, d: s.Policy) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, setting in self.settings.known(d.settings, "policy", SETTINGS).items():
            if name == "priority":
                self.inference.require(setting.value, t.INT, ENTITIES, "`priority`")
                values[name] = setting.value
            elif name == "max_parallel":
                values[name] = self.settings.count(setting)
            else:
                values[name] = self.form(name, setting)
        return values

    def form(self, name: str, setting: s.Setting) -> dict[str, Any]:
        word, example, kinds = _FORMS[name]
        args = self.settings.call(setting.value, (word,), name, f"`{name} = {example}`") or {}
        values: dict[str, Any] = {}
        for key, expr in args.items():
            if key not in kinds:
                help_ = did_you_mean(key, kinds) or f"for example `{name} = {example}`"
                self.inference.report("E0204", f"`{word}` has no setting `{key}`", expr.span, "unknown", help_)
            elif kinds[key] == "Word":
                values[key] = self.word(key, expr)
            elif kinds[key] == "Weights":
                values[key] = self.amount(expr, t.map_of(t.STRING, t.FLOAT), "`weights`")
            else:
                values["amount" if key == "0" else key] = self.amount(expr, t.BUILTIN[kinds[key]], f"`{key}`")
        return values

    def amount(self, expr: s.Expr, wanted: t.Type, what: str) -> Any:
        value = self.settings.constants.value(expr, wanted, what)
        return None if value is MISSING else value

    def word(self, key: str, expr: s.Expr) -> str:
        known = _WORDS[key]
        if isinstance(expr, s.Ref) and expr.name in known:
            return expr.name
        name = expr.name if isinstance(expr, s.Ref) else ""
        help_ = did_you_mean(name, known) or "one of " + ", ".join(known)
        self.inference.report("E0204", f"`{key}` takes a word", expr.span, "unknown", help_)
        return ""
