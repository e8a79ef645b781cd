"""A checked program to a plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from msgspec.structs import replace

from econda_edsl import plan as p
from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.module import Checked
from econda_edsl.compiler.expressions.lower import PLAN_CONSTANTS
from econda_edsl.compiler.lower.policies import policy_of
from econda_edsl.compiler.lower.steps import StepLowering
from econda_edsl.compiler.lower.tasks import TaskLowering, secret_of
from econda_edsl.compiler.lower.used_tasks import UsedTasks
from econda_edsl.compiler.syntax.steps import calls_in
from econda_edsl.plan.digest import environment_key, plan_digest, sha256_hex
from econda_edsl.plan.nodes import all_nodes


@dataclass(slots=True)
class PlanLowering:
    """`module` is where the pipeline is declared; its tasks may come from others, each lowered where it is at home."""

    module: Checked
    files: Mapping[str, bytes]

    def plan(self, d: s.Pipeline, sources: tuple[p.Source, ...]) -> p.Plan:
        """The plan of one pipeline with the tasks, types and environments it uses. Raises `PlanTooLarge`."""
        tables, parts = self.module.tables, self.module.parts
        assert parts is not None
        for module in self.module.modules.values():
            if module.parts is not None:
                module.parts.constants.lowering.room = PLAN_CONSTANTS
        used = UsedTasks(self.module)
        for block in (d.body, *(handler.body for handler in d.handlers)):
            # What the pipeline calls itself is called so in the plan, whoever else calls it.
            used.take(name for _, name in calls_in(block) if name in tables.tasks)
        blocks = StepLowering(self.module, d, used)
        body = blocks.block(d.body)
        handlers = {handler.name.text: blocks.block(handler.body) for handler in d.handlers}
        code = {
            path: sha256_hex(data) for path, data in sorted(self.files.items()) if not path.endswith((".edsl", ".lock"))
        }
        lowered = {name: self.task(*used.found[name], code) for name in sorted(used.found)}
        tasks = {name: task for name, (task, _) in lowered.items()}
        packages = {package for _, package in lowered.values() if package}
        exclusive = next((x for x in d.settings if x.name.text == "concurrency"), None)
        key = parts.settings.exclusive(exclusive, tables.inputs(d))
        published = parts.settings.publish(d, tables.inputs(d))
        settings = parts.settings.pipeline(d)
        types = self.types(d, tasks.values(), tuple(all_nodes((*body, *chain.from_iterable(handlers.values())))))
        draft = p.Plan(
            plan=p.PLAN_VERSION,
            edition=1,
            name=d.name.text,
            digest="",
            params={f.name.text: TaskLowering(self.module).parameter(f) for f in d.inputs},
            outputs={f.name.text: tables.fields[f].label for f in d.outputs},
            body=body,
            returns=blocks.returns(d.body),
            tasks=tasks,
            types=types,
            fields=self.fields(tables.fields[f].label for f in d.inputs),
            environments={environment_key(x): p.Environment(packages=tuple(sorted(x))) for x in sorted(packages)},
            settings=replace(
                settings,
                exclusive=None if key is None else parts.constants.lowering.lower(key),
                publish=None if published is None else parts.constants.lowering.lower(published),
            ),
            policy=policy_of(self.module, d),
            handlers=handlers,
            sources=sources,
            code=code,
            doc=d.doc,
        )
        digests = {name: task.digest for name, task in tasks.items()}
        return replace(draft, digest=plan_digest(replace(draft, code={}), digests))

    def task(self, module: Checked, name: str, code: Mapping[str, str]) -> tuple[p.Task, tuple[str, ...]]:
        """The plan of a task and its packages, by the name that it has in a module."""
        home, there = module.home(name)
        lowering = TaskLowering(home)
        return lowering.task(home.tables.tasks[there], self.connector(module, name), code, self.files)

    def connector(self, module: Checked, name: str) -> p.Connector | None:
        """The connector through which an operator is called, secrets told by where they are kept."""
        if name not in module.tables.connectors:
            return None
        home, there = module.home(name.rpartition(".")[0])
        assert home.parts is not None
        found = home.parts.resources.connectors[there]
        settings = {
            key: {"secret": secret_of(home, value["secret"])}
            if isinstance(value, dict) and "secret" in value
            else value
            for key, value in found.settings.items()
        }
        return replace(found, settings=settings)

    def types(self, d: s.Pipeline, tasks: Iterable[p.Task], body: tuple[p.AnyNode, ...]) -> dict[str, dict[str, str]]:
        """The records reachable from a signature of the plan."""
        tables = self.module.tables
        open_ = [tables.fields[f].label for f in (*d.inputs, *d.outputs)]
        for task in tasks:
            open_ += [x.type for x in (*task.inputs.values(), *task.state.values())]
            open_ += task.outputs.values()
        for node in body:
            match node:
                case p.When(binds=binds):
                    open_ += binds.values()
                case p.Subpipeline(params=params):
                    open_ += [x.type for x in params.values()]
                case _:
                    pass
        return self.reachable(open_)

    def reachable(self, labels: Iterable[str]) -> dict[str, dict[str, str]]:
        """The records that types speak of, and those that these speak of, with the types of their fields."""
        records = {kind.label: kind for m in self.module.modules.values() for kind in m.tables.records.values()}
        open_, found = list(labels), dict[str, dict[str, str]]()
        while open_:
            for name in re.findall(r"(?:[a-z_]\w*\.)?[A-Z]\w*", re.sub(r'"[^"]*"', "", open_.pop())):
                if name in records and name not in found:
                    found[name] = {k: v.label for k, v in records[name].fields.items()}
                    open_ += found[name].values()
        return dict(sorted(found.items()))

    def fields(self, labels: Iterable[str]) -> dict[str, dict[str, p.Parameter]]:
        """Of the records reachable from these types, the fields that may be left out or have a range."""
        homes = {
            m.tables.records[name].label: (m, m.tables.record_syntax[name])
            for m in self.module.modules.values()
            for name in m.tables.own
            if name in m.tables.record_syntax
        }
        found: dict[str, dict[str, p.Parameter]] = {}
        for label in self.reachable(labels):
            if label not in homes:
                continue
            home, record = homes[label]
            about = {
                f.name.text: replace(TaskLowering(home).parameter(f), doc="")
                for f in record.fields
                if f.default is not None or f.range is not None
            }
            if about:
                found[label] = about
        return found
