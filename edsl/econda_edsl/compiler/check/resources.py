"""Pools, connectors, secrets and triggers checked: drivers, settings, the pipeline that a trigger starts."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.settings import SettingChecks
from econda_edsl.compiler.expressions import calls
from econda_edsl.compiler.expressions.constants import MISSING
from econda_edsl.compiler.expressions.infer import Inference
from econda_edsl.compiler.modules.packages import Package
from econda_edsl.compiler.types import model as t
from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.plan import Connector
from econda_edsl.plan.type_text import read_type
from econda_edsl.words import drivers

_CRON_FIELD = re.compile(r"(\*|\d+|[A-Za-z]{3})(-(\d+|[A-Za-z]{3}))?(/\d+)?(,(\d+|[A-Za-z]{3})(-(\d+|[A-Za-z]{3}))?)*")


@dataclass(frozen=True, slots=True)
class Machine:
    """A pool as it is declared. cpu in cores; memory, disk in bytes; times in ms; prices in micro-dollars per hour.

    A quantity the declaration does not give is None: not known.
    """

    name: str
    driver: str
    cpu: float | None = None
    memory: int | None = None
    disk: int | None = None
    gpu: int = 0
    gpu_kinds: tuple[str, ...] = ()
    nodes: int | None = None
    price: int | None = None
    spot: dict[str, Any] | None = None
    cold_start: int | None = None
    max_time: int | None = None
    labels: dict[str, str] = field(default_factory=dict)
    region: str | None = None


@dataclass(slots=True)
class ResourceChecks:
    """`pools` and `connectors` hold what the module's declarations say, by name."""

    inference: Inference
    settings: SettingChecks
    packages: Mapping[str, Package]
    pools: dict[str, Machine] = field(default_factory=dict)
    connectors: dict[str, Connector] = field(default_factory=dict)
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)

    def check(self, d: s.Resource) -> None:
        if d.kind == "connector":
            package = self.packages.get(d.driver.text)
            if package is not None:
                values = self.values(d, package.settings, package.required)
                self.connectors[d.name.text] = Connector(driver=d.driver.text, settings=values)
            return
        known = drivers.DRIVERS[d.kind]
        if d.driver.text not in known:
            help_ = did_you_mean(d.driver.text, known) or "known: " + ", ".join(known)
            message = f"there is no {d.kind} `{d.driver.text}`"
            self.inference.report("E0205", message, d.driver.span, "not a driver", help_)
            return
        required = frozenset(drivers.REQUIRED[d.kind].get(d.driver.text, ()))
        values = self.values(d, drivers.settings_of(d.kind, d.driver.text), required)
        if d.kind == "pool":
            self.pools[d.name.text] = _machine(d, values)
        elif d.kind == "secret":
            self.secrets[d.name.text] = {"driver": d.driver.text, **values}

    def values(self, d: s.Resource, kinds: Mapping[str, str], required: frozenset[str]) -> dict[str, Any]:
        found = self.settings.known(d.settings, f"{d.kind} of kind `{d.driver.text}`", kinds)
        for name in sorted(required - found.keys()):
            message = f"`{d.name.text}` needs the setting `{name}`"
            self.inference.report("E0302", message, d.name.span, "missing", f"add `{name} = …`")
        values = {}
        for name, setting in found.items():
            value = self.value(d, kinds[name], setting)
            if value is not MISSING:
                values[name] = value
        return values

    def value(self, d: s.Resource, kind: str, setting: s.Setting) -> Any:
        match kind:
            case "Node":
                return self.node(setting)
            case "Spot":
                return self.spot(setting)
            case "Secret":
                return self.secret(setting)
            case "Connector":
                return self.connector(setting)
            case "Start":
                return self.start(d, setting)
            case "Call":
                return self.call(setting)
            case "Last":
                args = self.settings.call(setting.value, ("last",), setting.name.text, "`catch_up = last(3d)`")
                return self.settings.duration(s.Setting(setting.span, setting.name, args["0"])) if args else MISSING
            case "Cron":
                return self.checked(setting, _cron, "a cron schedule of five fields", '"15 2 * * *"')
            case "Timezone":
                return self.checked(setting, _timezone, "a time zone", '"Europe/Paris"')
            case _:
                return self.plain(setting, kind)

    def plain(self, setting: s.Setting, kind: str) -> Any:
        read = read_type(kind)
        what = f"`{setting.name.text}`"
        if read.name == "|" and isinstance(setting.value, s.Ref):
            if setting.value.name not in read.choices:
                help_ = did_you_mean(setting.value.name, read.choices) or "one of " + ", ".join(read.choices)
                self.inference.report("E0301", f"{what} is not `{setting.value.name}`", setting.value.span, "", help_)
                return MISSING
            return setting.value.name
        wanted = {"List": t.list_of(t.STRING), "Map": t.map_of(t.STRING, t.STRING), "|": t.choice(read.choices)}
        return self.settings.constants.value(setting.value, wanted.get(read.name) or t.BUILTIN[read.name], what)

    def checked(self, setting: s.Setting, good: Any, what: str, example: str) -> Any:
        value = self.settings.string(setting)
        if value is not None and not good(value):
            help_ = f"for example `{setting.name.text} = {example}`"
            self.inference.report("E0704", f"`{value}` is not {what}", setting.value.span, "not known", help_)
        return MISSING if value is None else value

    # ---- settings with a shape of their own

    def node(self, setting: s.Setting) -> Any:
        """`{cpu: 64, memory: 512GiB, gpu: 4 of [A100]}`."""
        kinds = {"cpu": t.FLOAT, "memory": t.SIZE, "disk": t.SIZE, "gpu": t.INT, "arch": t.STRING, "name": t.STRING}
        values: dict[str, Any] = {}
        for name, value in self.entries(setting, kinds, "{cpu: 8, memory: 32GiB}"):
            if name.text == "gpu":
                count, of = self.settings.gpu(value, {})
                values["gpu_kinds"] = of
                values["gpu"] = self.settings.constants.value(count, t.INT, "the number of GPUs")
            else:
                values[name.text] = self.settings.constants.value(value, kinds[name.text], f"`{name.text}`")
        return {k: v for k, v in values.items() if v is not MISSING}

    def spot(self, setting: s.Setting) -> Any:
        """`{price: $11.40/h, interruption: 8%}`."""
        kinds = {"price": t.RATE, "interruption": t.PERCENT}
        entries = self.entries(setting, kinds, "{price: $1/h, interruption: 5%}")
        values = {n.text: self.settings.constants.value(v, kinds[n.text], f"`{n.text}`") for n, v in entries}
        return {k: v for k, v in values.items() if v is not MISSING}

    def entries(self, setting: s.Setting, kinds: Mapping[str, t.Type], example: str) -> list[tuple[s.Name, s.Expr]]:
        value = setting.value
        if not isinstance(value, s.Fields):
            help_ = f"for example `{setting.name.text} = {example}`"
            self.inference.report("E0301", f"`{setting.name.text}` is a record", value.span, "not a record", help_)
            return []
        good = []
        for name, part in value.entries:
            if name.text in kinds:
                good.append((name, part))
            else:
                help_ = did_you_mean(name.text, kinds) or "it has " + ", ".join(f"`{k}`" for k in kinds)
                self.inference.report(
                    "E0204", f"`{setting.name.text}` has no `{name.text}`", name.span, "unknown", help_
                )
        return good

    def secret(self, setting: s.Setting) -> Any:
        value = setting.value
        resource = self.inference.tables.resources.get(value.name) if isinstance(value, s.Ref) else None
        if resource is None or resource.kind != "secret":
            help_ = f"declare `secret login is …:` and write `{setting.name.text} = login`"
            self.inference.report("E0802", f"`{setting.name.text}` is the name of a secret", value.span, "", help_)
            return MISSING
        return {"secret": resource.name.text}

    def connector(self, setting: s.Setting) -> Any:
        value = setting.value
        resource = self.inference.tables.resources.get(value.name) if isinstance(value, s.Ref) else None
        if resource is None or resource.kind != "connector":
            known = [n for n, r in self.inference.tables.resources.items() if r.kind == "connector"]
            name = value.name if isinstance(value, s.Ref) else ""
            help_ = did_you_mean(name, known) or "declare `connector name is …:` and write its name"
            message = f"`{setting.name.text}` is the name of a connector"
            self.inference.report("E0201", message, value.span, "not a connector", help_)
            return MISSING
        return resource.name.text

    def call(self, setting: s.Setting) -> Any:
        """A word with words as arguments: `by(day)`."""
        value = setting.value
        if isinstance(value, s.Apply) and isinstance(value.callee, s.Ref):
            words = [a.value.name for a in value.args if isinstance(a.value, s.Ref) and a.name is None]
            if len(words) == len(value.args):
                return {value.callee.name: words}
        help_ = f"for example `{setting.name.text} = by(day)`"
        self.inference.report("E0313", f"`{setting.name.text}` is a word with names", value.span, "not one", help_)
        return MISSING

    def start(self, d: s.Resource, setting: s.Setting) -> Any:
        """A call of a pipeline, which may use `event`."""
        value = setting.value
        pipelines = self.inference.tables.pipelines
        name = value.callee.name if isinstance(value, s.Apply) and isinstance(value.callee, s.Ref) else ""
        if not isinstance(value, s.Apply) or name not in pipelines:
            if name and not self.inference.tables.complete:
                return MISSING
            help_ = did_you_mean(name, pipelines) or "for example `start = daily(day = event.date)`"
            self.inference.report("E0201", "`start` calls a pipeline", value.span, "not a pipeline", help_)
            return MISSING
        event = _record(drivers.EVENTS[d.driver.text])
        inputs = self.inference.tables.inputs(pipelines[name])
        given = calls.arguments(self.inference, value, inputs, {"event": event}, name)
        absent = [
            f.name.text for f in pipelines[name].inputs
            if f.name.text not in given and f.default is None and inputs[f.name.text].kind != "optional"
        ]  # fmt: skip
        if absent:
            calls.missing(self.inference, value, name, absent, inputs)
        return name


def _record(fields: Mapping[str, object]) -> t.Type:
    kinds = {k: _record(v) if isinstance(v, Mapping) else t.BUILTIN[str(v)] for k, v in fields.items()}
    return t.record(kinds, "event")


def _machine(d: s.Resource, values: Mapping[str, Any]) -> Machine:
    node = values.get("node", {})
    return Machine(
        name=d.name.text,
        driver=d.driver.text,
        cpu=node.get("cpu"),
        memory=node.get("memory"),
        disk=node.get("disk"),
        gpu=node.get("gpu", 0),
        gpu_kinds=tuple(node.get("gpu_kinds", ())),
        nodes=values.get("nodes"),
        price=values.get("price"),
        spot=values.get("spot"),
        cold_start=values.get("cold_start"),
        max_time=values.get("max_time"),
        labels=dict(values.get("labels", {})),
        region=values.get("region"),
    )


def _cron(text: str) -> bool:
    fields = text.split()
    return len(fields) == 5 and all(_CRON_FIELD.fullmatch(f) for f in fields)


def _timezone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True
