"""A DAG file read as text: its statements followed without being executed, so far as they are plain."""

from __future__ import annotations

import ast
import itertools
from typing import Any

from econda_edsl.importing.airflow.values import (
    Dag,
    EdgeLabel,
    Maker,
    Milliseconds,
    Operation,
    Output,
    Unknown,
    is_operator,
    operations,
    sources,
    unread,
)
from econda_edsl.importing.report import Gaps, NotImported

NODES_MOST = 20_000
_UNITS = {"weeks": 604_800_000, "days": 86_400_000, "hours": 3_600_000, "minutes": 60_000, "seconds": 1_000, "milliseconds": 1}  # fmt: skip


class Reader:
    """Follows the statements of a module; `dags` are those it made."""

    def __init__(self, module: ast.Module, path: str, gaps: Gaps) -> None:
        self.module, self.path, self.gaps = module, path, gaps
        self.dags: list[Dag] = []
        self._names: dict[str, Any] = {}
        self._open: list[Dag] = []
        self._groups: list[list[Operation]] = []

    def read(self) -> list[Dag]:
        self._block(self.module.body, top=True)
        return self.dags

    def where(self, node: ast.AST) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    def _block(self, body: list[ast.stmt], *, top: bool = False) -> None:
        for node in body:
            self._statement(node, top=top)

    def _statement(self, node: ast.stmt, *, top: bool) -> None:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                self._names[name] = self._value(value)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
                found = self._value(value)
                for place, target in enumerate(targets):
                    if isinstance(target, ast.Name):
                        fits = isinstance(found, list) and len(found) == len(targets)
                        self._names[target.id] = found[place] if fits else Unknown(ast.unparse(value))
            case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Return():
                pass
            case ast.Expr(value=value):
                self._value(value)
            case ast.FunctionDef():
                self._function(node)
            case ast.With():
                self._with(node)
            case ast.For(target=ast.Name(id=name), iter=over):
                self._loop(node, name, self._value(over))
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                pass
            case _ if top and not self._makes_tasks(node):
                pass
            case _:
                self.gaps.of(self.where(node), f"`{ast.unparse(node).splitlines()[0][:60]}`",
                             "what it does is known only when the file is executed",
                             "write the steps that you want by hand, or `when` for a decision in a run")  # fmt: skip

    def _makes_tasks(self, node: ast.AST) -> bool:
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        return any(is_operator(name) or isinstance(self._names.get(name), Maker | Operation) for name in names)

    def _loop(self, node: ast.For, name: str, over: Any) -> None:
        if not isinstance(over, list) or len(over) > 10_000:
            self.gaps.of(self.where(node), f"the loop over {ast.unparse(node.iter)[:60]}", "its list is not written here",
                         "write `foreach`, or the steps by hand")  # fmt: skip
            return
        for each in over:
            self._names[name] = each
            self._block(node.body)

    def _function(self, node: ast.FunctionDef) -> None:
        self._names[node.name] = node
        for decorator in node.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            text = ast.unparse(call.func if call else decorator)
            if text == "dag" or text.endswith(".dag"):
                self._names[node.name] = ("dag", node, self._keywords(call) if call else {})
            elif text in ("task", "setup", "teardown") or text.startswith("task."):
                given = self._keywords(call) if call else {}
                self._names[node.name] = Maker(f"@{text}", node, overrides=tuple(given.items()))
            elif text == "task_group":
                self._names[node.name] = ("group", node)

    def _with(self, node: ast.With) -> None:
        for item in node.items:
            value = self._value(item.context_expr)
            name = item.optional_vars.id if isinstance(item.optional_vars, ast.Name) else None
            if isinstance(value, Dag):
                if name:
                    self._names[name] = value
                self._open.append(value)
                self._block(node.body)
                self._open.pop()
                return
            if isinstance(value, Operation):
                self.gaps.of(self.where(node), f"`with {value.id}`", "tasks between a setup and a teardown are not put in order",
                             "add `after` where it belongs")  # fmt: skip
            if isinstance(value, tuple) and value[0] == "taskgroup":
                self._groups.append([])
                self._block(node.body)
                made = self._groups.pop()
                if self._groups:
                    self._groups[-1] += made
                if name:
                    self._names[name] = made
                return
        self._block(node.body)

    # ---- values

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                if is_operator(name) and name not in self._names:
                    return Maker(name)
                return self._names.get(name, Unknown(name))
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return [self._value(each) for each in elements]
            case ast.Dict(keys=keys, values=values) if all(keys):
                return {self._key(key): self._value(each) for key, each in zip(keys, values) if key is not None}
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -value
            case ast.JoinedStr(values=parts):
                return self._text(node, parts)
            case ast.BinOp(left=left, op=ast.RShift() | ast.LShift() as op, right=right):
                one, other = self._value(left), self._value(right)
                if isinstance(other, EdgeLabel):
                    return one
                self._order(node, one, other) if isinstance(op, ast.RShift) else self._order(node, other, one)
                return other
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                one, other = self._value(left), self._value(right)
                if type(one) is type(other) and isinstance(one, str | list | int | float):
                    return one + other  # type: ignore[operator]
            case ast.Attribute(value=inner, attr="output"):
                found = self._value(inner)
                return Output(found) if isinstance(found, Operation) else Unknown(ast.unparse(node))
            case ast.Attribute(attr=name) if is_operator(name):
                return Maker(name)
            case ast.Subscript(value=inner, slice=ast.Constant(value=str() | int() as key)):
                found = self._value(inner)
                if isinstance(found, Operation):
                    return Output(found, key)
                if isinstance(found, dict) and key in found:
                    return found[key]
                if isinstance(found, list) and isinstance(key, int) and -len(found) <= key < len(found):
                    return found[key]
            case ast.ListComp(elt=element, generators=[ast.comprehension(target=ast.Name(id=name), iter=over, ifs=[])]):
                return self._comprehension(node, element, name, self._value(over))
            case ast.Call():
                return self._call(node)
        return Unknown(ast.unparse(node))

    def _key(self, node: ast.expr) -> Any:
        found = self._value(node)
        return found if isinstance(found, str | int) else ast.unparse(node)

    def _comprehension(self, node: ast.expr, element: ast.expr, name: str, over: Any) -> Any:
        if not isinstance(over, list) or len(over) > 10_000:
            return Unknown(ast.unparse(node))
        found = []
        for each in over:
            self._names[name] = each
            found.append(self._value(element))
        return found

    def _text(self, node: ast.expr, parts: list[ast.expr]) -> Any:
        found = ""
        for part in parts:
            value = self._value(part.value if isinstance(part, ast.FormattedValue) else part)
            if not isinstance(value, str | int | float) or (isinstance(part, ast.FormattedValue) and part.format_spec):
                return Unknown(ast.unparse(node))
            found += str(value)
        return found

    def _keywords(self, call: ast.Call) -> dict[str, Any]:
        found = {}
        for each in call.keywords:
            if each.arg is None:
                inner = self._value(each.value)
                if isinstance(inner, dict):
                    found |= inner
                else:
                    self.gaps.of(self.where(call), f"`**{ast.unparse(each.value)}`", "its keys are not written here",
                                 "write them out")  # fmt: skip
            else:
                found[each.arg] = self._value(each.value)
        return found

    def _call(self, node: ast.Call) -> Any:
        text = ast.unparse(node.func)
        last = text.rpartition(".")[2]
        match last:
            case "DAG":
                return self._dag(node, node.args, self._keywords(node))
            case "timedelta":
                return self._timedelta(node)
            case "Label":
                return EdgeLabel()
            case "TaskGroup":
                return ("taskgroup",)
            case "chain":
                found = [each for each in map(self._value, node.args) if not isinstance(each, EdgeLabel)]
                for one, other in itertools.pairwise(found):
                    self._chain(node, one, other)
                return None
            case "cross_downstream":
                self._order(node, *[self._value(each) for each in node.args[:2]])
                return None
            case "range" if all(isinstance(self._value(each), int) for each in node.args):
                numbers = range(*[self._value(each) for each in node.args])
                return list(numbers) if len(numbers) <= 10_000 else Unknown(ast.unparse(node))
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func)
        return self._made(node, self._value(node.func))

    def _method(self, node: ast.Call, func: ast.Attribute) -> Any:
        if func.attr in ("datetime", "now", "days_ago"):
            return Unknown(ast.unparse(node))
        of = self._value(func.value)
        match of, func.attr:
            case Operation() | list(), "set_upstream":
                self._order(node, self._value(node.args[0]), of)
                return None
            case Operation() | list(), "set_downstream":
                self._order(node, of, self._value(node.args[0]))
                return None
            case Operation() | list(), "as_setup" | "as_teardown":
                if func.attr == "as_teardown":
                    self._teardown(node, of)
                    for each in node.keywords:
                        if each.arg == "setups":
                            self._order(node, self._value(each.value), of)
                return of
            case Maker(), "partial":
                return Maker(of.operator, of.function, (*of.given, *self._keywords(node).items()), of.overrides)
            case Maker(), "override":
                return Maker(of.operator, of.function, of.given, (*of.overrides, *self._keywords(node).items()))
            case Maker(), "expand":
                return self._operation(node, of, {}, self._keywords(node))
            case Maker(), "expand_kwargs":
                self.gaps.of(self.where(node), "expand_kwargs", "a loop runs over lists, one for each input",
                             "write `foreach` over the list")  # fmt: skip
                return self._operation(node, of, {}, {})
        return self._made(node, self._value(func))

    def _teardown(self, node: ast.AST, of: Any) -> None:
        for each in operations(of):
            self.gaps.of(self.where(node), f"the teardown `{each.id}`", "a step runs only when all before it succeeded",
                         "do it in a handler of the pipeline (`on any:`) as well")  # fmt: skip

    def _made(self, node: ast.Call, of: Any) -> Any:
        match of:
            case Maker(operator="@teardown" | "@task.teardown"):
                made = self._operation(node, of, self._arguments(node, of.function), {})
                self._teardown(node, made)
                return made
            case Maker():
                return self._operation(node, of, self._arguments(node, of.function), {})
            case ("dag", ast.FunctionDef() as function, fields):
                dag = self._dag(node, [], {"dag_id": function.name, **fields}, ast.get_docstring(function) or "")
                names = dict(self._names)
                self._open.append(dag)
                self._block(function.body)
                self._open.pop()
                self._names = names
                return dag
            case ("group", ast.FunctionDef() as function):
                return self._group(node, function)
            case ast.FunctionDef() as function if function.decorator_list or self._makes_tasks(function):
                self.gaps.of(self.where(node), f"what `{function.name}` makes", "functions that make tasks, and decorators "
                             "of one's own, are known only when the file is executed", "write the steps by hand")  # fmt: skip
        return Unknown(ast.unparse(node))

    def _group(self, node: ast.Call, function: ast.FunctionDef) -> Any:
        names = dict(self._names)
        self._names |= self._arguments(node, function)
        self._groups.append([])
        self._block(function.body)
        made = self._groups.pop()
        if self._groups:
            self._groups[-1] += made
        last = function.body[-1]
        found = self._value(last.value) if isinstance(last, ast.Return) and last.value else made
        self._names = names
        return found

    def _arguments(self, node: ast.Call, function: ast.FunctionDef | None) -> dict[str, Any]:
        named = self._keywords(node)
        if function is not None:
            parameters = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
            named = {**dict(zip(parameters, (self._value(each) for each in node.args))), **named}
        return named

    def _dag(self, node: ast.AST, args: list[ast.expr], fields: dict[str, Any], doc: str = "") -> Dag:
        if args:
            fields = {"dag_id": self._value(args[0]), **fields}
        id_ = fields.pop("dag_id", "dag")
        dag = Dag(id_ if isinstance(id_, str) else "dag", getattr(node, "lineno", 1), fields, doc)
        self.dags.append(dag)
        return dag

    def _operation(self, node: ast.Call, of: Maker, args: dict[str, Any], mapped: dict[str, Any]) -> Operation:
        dag = args.pop("dag", None) if of.function is None else None
        dag = dag if isinstance(dag, Dag) else self._open[-1] if self._open else self.dags[-1] if self.dags else None
        if dag is None:
            raise NotImported(f"{self.where(node)}: a task outside of a DAG; put it into `with DAG(…):`")
        fields = dict(of.overrides)
        if of.function is None:
            fields |= {**dict(of.given), **args}
            args = {}
        else:
            args = {**dict(of.given), **args}
        wanted = fields.pop("task_id", of.function.name if of.function else "task")
        made = Operation(wanted if isinstance(wanted, str) else "task", of.operator, node.lineno, fields, of.function, args, mapped)  # fmt: skip
        for value in (*args.values(), *mapped.values(), *fields.values()):
            for source in sources(value):
                made.upstream[source] = None
        dag.operations.append(made)
        if sum(len(each.operations) for each in self.dags) > NODES_MOST:
            raise NotImported(f"{self.where(node)}: more than {NODES_MOST:,} tasks; use `foreach` over data instead")
        if self._groups:
            self._groups[-1].append(made)
        return made

    def _timedelta(self, node: ast.Call) -> Any:
        given = {**dict(zip(("days", "seconds"), map(self._value, node.args))), **self._keywords(node)}
        if all(key in _UNITS and isinstance(value, int | float) for key, value in given.items()):
            return Milliseconds(sum(_UNITS[key] * value for key, value in given.items()))
        return Unknown(ast.unparse(node))

    def _order(self, node: ast.AST, before: Any, after: Any) -> None:
        for text in (*unread(before), *unread(after)):
            self.gaps.of(self.where(node), f"the order of `{text[:60]}`", "what that is, is known only when the file is executed",
                         "add `after` where it belongs")  # fmt: skip
        for one in operations(before):
            for other in operations(after):
                other.upstream[one] = None

    def _chain(self, node: ast.AST, one: Any, other: Any) -> None:
        if isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                raise NotImported(
                    f"{self.where(node)}: `chain` with lists of {len(one)} and {len(other)}; make them equal"
                )
            for a, b in zip(one, other):
                self._order(node, a, b)
        else:
            self._order(node, one, other)
