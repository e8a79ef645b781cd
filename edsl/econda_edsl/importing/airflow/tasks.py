"""The tasks of a DAG as tasks and steps: shell commands, Python functions with what they need, loops for `expand`."""

from __future__ import annotations

import ast
import pprint
from typing import Any

from econda_edsl.importing.airflow.code import code_of, inner_imports, returns_value
from econda_edsl.importing.airflow.values import Milliseconds, Operation, Output, Unknown
from econda_edsl.importing.documents import shown
from econda_edsl.importing.report import Gaps
from econda_edsl.writing.literals import NoLiteral, duration_literal, value_literal
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import Bind, Foreach, Inline, Input, Note, Step, TaskText

MEMBERS = 1_000
_AS_AIRFLOW = "set +eu +o pipefail  # as Airflow runs it: the last command decides"
_GIVES_UP = "exit 1"
_HINTS = {"int": "Int", "float": "Float", "str": "String", "bool": "Bool"}
_HINTS |= {f"{outer}[{name}]": f"List[{kind}]" for name, kind in _HINTS.items() for outer in ("list", "List")}
_FUNCTIONS = ("@task", "@task.python", "@task.virtualenv", "@setup", "@teardown", "@task.setup", "@task.teardown")
_EMPTY = ("EmptyOperator", "DummyOperator")
_USED = frozenset({"retries", "retry_delay", "retry_exponential_backoff", "max_retry_delay", "execution_timeout",
                   "bash_command", "env", "python_callable", "op_args", "op_kwargs", "owner", "doc_md", "multiple_outputs",
                   "append_env", "dag", "start_date", "max_active_tis_per_dag", "task_group"})  # fmt: skip
_WHY = {
    "pool": ("pools of this system are machines, not counters", "bound a loop with `parallel`"),
    "trigger_rule": ("a step runs when all before it succeeded", "use `foreach … with tolerate` for what may fail"),
    "on_failure_callback": ("tasks have no callbacks", "write a handler of the pipeline"),
    "queue": ("where a step runs is decided by its needs", "say what it `needs`"),
    "sla": ("a step has no deadline of its own", "set `timeout`, or the pipeline's `deadline`"),
}


class OperationTasks:
    def __init__(self, module: ast.Module, path: str, gaps: Gaps, names: Names) -> None:
        self.module, self.path, self.gaps = module, path, gaps
        self.declared: list[TaskText] = []
        self._task_names = names
        self._functions = {node.name: node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)}
        self.begin({})

    def begin(self, defaults: dict[str, Any]) -> None:
        """A new pipeline, with the `default_args` of its DAG."""
        self._defaults = defaults
        self._names = Names()
        self._bound: dict[Operation, str] = {}
        self._types: dict[Operation, str] = {}
        self._made: dict[Operation, TaskText] = {}

    def steps(self, operation: Operation) -> list[Step]:
        where = f"{self.path}:{operation.line}"
        fields = {**self._defaults, **operation.fields}
        notes = self._reported(operation, fields, where)
        bound = self._bound[operation] = self._names.take(operation.id, "task")
        used = {key: value for key, value in {**operation.args, **operation.mapped}.items() if _is_data(value)}
        after = [self._bound[each] for each in operation.upstream
                 if each in self._bound and each not in {value.of if isinstance(value, Output) else value for value in used.values()}]  # fmt: skip
        task, passed = self._task(operation, fields, where)
        if not (isinstance(task.run, Inline) and task.run.body.endswith(_GIVES_UP)):
            task.settings |= self._settings(fields, where)
        if operation.mapped:
            return [*map(Note, notes), self._loop(operation, task, passed, bound, after, where, fields)]
        arguments = ", ".join(f"{name} = {value}" for name, value in passed.items())
        return [*map(Note, notes), Bind(f"{task.name}({arguments})", bound, after)]

    def _loop(self, operation: Operation, task: TaskText, passed: dict[str, str], bound: str, after: list[str],
              where: str, fields: dict[str, Any]) -> Foreach:  # fmt: skip
        over, bounded = [], False
        for name, value in operation.mapped.items():
            key = next(k for k in (name, f"{name}_") if k in passed)
            over.append((self._names.take(name, "each"), passed[key]))
            passed[key] = over[-1][0]
            bounded = bounded or _is_data(value)
        if bounded:
            self.gaps.of(where, "an `expand` without a bound", "everything has a bound in this language",
                         f"`up to {MEMBERS}` is assumed, write the right number")  # fmt: skip
        settings = {}
        if isinstance(most := fields.get("max_active_tis_per_dag"), int):
            settings["parallel"] = str(most)
        one = self._names.take(f"{operation.id}_one", "one")
        arguments = ", ".join(f"{name} = {value}" for name, value in passed.items())
        # Others may wait for the loop, so it has a name, and what has a name gathers something.
        gather = f"{one}.result" if task.outputs else over[0][0]
        if task.outputs:
            self._types[operation] = f"List[{self._types[operation]}]"
        body: list[Step] = [Bind(f"{task.name}({arguments})", one, after)]
        return Foreach(over, body, bound, gather, str(MEMBERS) if bounded else None, settings)

    def _task(self, operation: Operation, fields: dict[str, Any], where: str) -> tuple[TaskText, dict[str, str]]:
        """The declaration of one task, and the expressions for its inputs."""
        name = self._task_names.take(operation.id, "task")
        if operation.operator in _EMPTY:
            made = TaskText(name, Inline("shell", "true"))
            passed: dict[str, str] = {}
        elif operation.operator == "BashOperator":
            made, passed = self._bash(name, operation, fields, where)
        elif operation.operator == "PythonOperator" and isinstance(fields.get("python_callable"), ast.FunctionDef):
            made, passed = self._called(name, fields, where), {}
        elif operation.function is not None and operation.operator in _FUNCTIONS:
            made, passed = self._taskflow(name, operation, where)
        else:
            made, passed = self._unknown(name, operation, fields, where), {}
        self.declared.append(made)
        self._made[operation] = made
        return made, passed

    def _bash(
        self, name: str, operation: Operation, fields: dict[str, Any], where: str
    ) -> tuple[TaskText, dict[str, str]]:
        env = fields.get("env")
        settings = {"env": value_literal(env)} if isinstance(env, dict) and _is_plain(env) else {}
        if env is not None and not settings:
            self.gaps.of(where, "`env`", "its values are not written here", "write them into the task")
        if "bash_command" in operation.mapped:
            made = TaskText(
                name, Inline("shell", 'bash -c "$bash_command"'), [Input("bash_command", "String")], settings=settings
            )
            return made, {"bash_command": self._passed(operation.mapped["bash_command"], where) or "[]"}
        command = fields.get("bash_command")
        if not isinstance(command, str) or not command.strip():
            note = self.gaps.of(where, "`bash_command`", "it is not written here as text", "write it into the task")
            return TaskText(name, _failing(note), notes=[note]), {}
        notes = []
        if "{{" in command or "{%" in command:
            notes.append(self.gaps.of(where, "a template in `bash_command`", "code is never a template in this language",
                                      "give the value as an input, which the shell sees as `$name`"))  # fmt: skip
        if "exit 99" in command:
            notes.append(self.gaps.of(where, "the exit code 99", "no step says while it runs that those behind it are skipped",
                                      "return a Bool, and write `when` around them"))  # fmt: skip
        return TaskText(name, Inline("shell", f"{_AS_AIRFLOW}\n{command}"), notes=notes, settings=settings), {}

    def _called(self, name: str, fields: dict[str, Any], where: str) -> TaskText:
        """A PythonOperator: its arguments are written into the call."""
        function = fields["python_callable"]
        args, named = fields.get("op_args", []), fields.get("op_kwargs", {})
        notes = self._context(function, where)
        if not _is_plain(args) or not _is_plain(named) or not isinstance(named, dict):
            notes.append(self.gaps.of(where, "`op_args`, `op_kwargs`", "they are not written here as constants",
                                      "write them into the call in the task"))  # fmt: skip
            args, named = [], {}
        call = ", ".join([*(repr(each) for each in args), *(f"{key}={each!r}" for key, each in named.items())])
        return TaskText(
            name, Inline("python", f"{self._source(function, where, notes)}\n\n{function.name}({call})"), notes=notes
        )

    def _taskflow(self, name: str, operation: Operation, where: str) -> tuple[TaskText, dict[str, str]]:
        function = operation.function
        assert function is not None
        notes = self._context(function, where)
        hints = {
            arg.arg: ast.unparse(arg.annotation)
            for arg in ast.walk(function.args)
            if isinstance(arg, ast.arg) and arg.annotation
        }
        names, inputs, passed, before, call = Names(["result", function.name]), [], {}, [], []
        for key, value in {**operation.args, **operation.mapped}.items():
            kind, written = self._input(key, value, hints.get(key, ""), key in operation.mapped, where)
            if written is None:
                call.append(f"{key}={pprint.pformat(value, sort_dicts=False)}")
                continue
            input_ = names.keep(key)
            inputs.append(Input(input_, kind))
            passed[input_] = written
            read = f"json.loads({input_}.read_text())" if kind == "File" else input_
            part = f"[{value.key!r}]" if isinstance(value, Output) and value.key is not None else ""
            call.append(f"{key}={read}{part}")
            before += ["import json"] if kind == "File" else []
        called = f"{function.name}({', '.join(call)})"
        outputs = []
        if returns_value(function):
            kind = _HINTS.get(ast.unparse(function.returns) if function.returns else "", "File")
            self._types[operation] = kind
            outputs = [("result", kind)]
            if kind == "File":
                before.append("import json")
                called = (
                    f'with open("result.json", "w") as file:\n    json.dump({called}, file)\nresult = "result.json"'
                )
            else:
                called = f"result = {called}"
        source = self._source(function, where, notes)
        body = "\n".join([*dict.fromkeys(before), source, "", called])
        return TaskText(name, Inline("python", body), inputs, outputs, notes=notes), passed

    def _input(self, key: str, value: Any, hint: str, mapped: bool, where: str) -> tuple[str, str | None]:
        """Type and expression of an input; None for a constant that is written into the call."""
        if _is_data(value):
            of = value.of if isinstance(value, Output) else value
            kind = self._types.get(of, "")
            if not kind:
                self.gaps.of(where, f"the input `{key}`", f"`{of.id}` returns nothing that could be read",
                             "give that task an output")  # fmt: skip
                return "String", '""'
            if of.mapped:
                return kind, f"{self._bound[of]}.done"
            if mapped and not kind.startswith("List["):
                self.gaps.of(where, f"the elements of `{key}`", f"the hint of `{of.id}` does not say that it returns a list",
                             "List[String] is assumed; annotate it, such as `-> list[int]`")  # fmt: skip
                self._retype(of)
                kind = self._types[of]
            return (kind[5:-1] if mapped else kind), f"{self._bound[of]}.result"
        if mapped:
            written = self._passed(value, where)
            kind = _HINTS.get(hint) or (_kind(value[0]) if isinstance(value, list) and value else "String")
            return kind, written or "[]"
        if not _is_plain(value):
            self.gaps.of(where, f"the argument `{key}`", f"{shown(getattr(value, 'text', str(value)))} is not written here",
                         "write it into the task")  # fmt: skip
            return "String", '""'
        return "", None

    def _retype(self, of: Operation) -> None:
        """The output of a task that is mapped over is a list, not a file of JSON."""
        self._types[of] = "List[String]"
        task = self._made[of]
        task.outputs = [("result", "List[String]")]
        assert isinstance(task.run, Inline)
        head, _, call = task.run.body.rpartition('with open("result.json", "w") as file:\n    json.dump(')
        task.run.body = f"{head}result = {call.rpartition(', file)')[0]}"

    def _passed(self, value: Any, where: str) -> str | None:
        try:
            return value_literal(value)
        except NoLiteral:
            self.gaps.of(where, "a list to map over", "it is not written here", "write it as the list of `foreach`")
            return None

    def _source(self, function: ast.FunctionDef, where: str, notes: list[str]) -> str:
        code = code_of(function, self.module)
        for missing in (*code.missing, *inner_imports(function)):
            notes.append(self.gaps.of(where, f"`{missing}` in `{function.name}`", "Airflow is not there when a step runs",
                                      "use a library of your own, or an input"))  # fmt: skip
        return f"{code.needed}\n\n{code.source}" if code.needed else code.source

    def _context(self, function: ast.FunctionDef, where: str) -> list[str]:
        args = [arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)]
        used = [name for name in args if name in ("ti", "context", "ds", "dag_run", "task_instance", "execution_date")]
        used += [f"**{function.args.kwarg.arg}"] if function.args.kwarg and function.args.kwarg.arg not in used else []
        if not used:
            return []
        return [self.gaps.of(where, f"`{used[0]}` of `{function.name}`", "a step has no context of Airflow",
                             "pass what it needs as inputs")]  # fmt: skip

    def _unknown(self, name: str, operation: Operation, fields: dict[str, Any], where: str) -> TaskText:
        instead = (
            "write its body" if not operation.operator.endswith("Sensor") else "start the run when the thing is there"
        )
        if "branch" in operation.operator.lower() or "short_circuit" in operation.operator.lower():
            instead = "write `when` around the steps behind it; until then none of them runs"
        note = self.gaps.of(where, f"the {operation.operator} `{operation.id}`", "only shell commands and Python functions are "
                            "carried over", instead)  # fmt: skip
        given = [f"{key} = {shown(value if _is_plain(value) else getattr(value, 'text', '…'))}" for key, value in fields.items() if key not in self._defaults]  # fmt: skip
        return TaskText(name, _failing(note), notes=[note, *(["it has " + ", ".join(given)] if given else [])])

    def _settings(self, fields: dict[str, Any], where: str) -> dict[str, str]:
        found = {}
        retries, delay, most = fields.get("retries"), fields.get("retry_delay"), fields.get("max_retry_delay")
        if isinstance(retries, int) and retries > 0:
            wait = duration_literal(delay.value if isinstance(delay, Milliseconds) else 1000 * (delay if isinstance(delay, int) else 300))  # fmt: skip
            cap = f", cap = {duration_literal(most.value)}" if isinstance(most, Milliseconds) else ""
            attempts = f"attempts = {retries + 1}"
            exponential = fields.get("retry_exponential_backoff") is True
            # A linear wait grows with every attempt; with its cap at the first wait it stays.
            found["retry"] = (f"exponential({attempts}, first = {wait}{cap}, on = any)" if exponential
                              else f"linear({attempts}, wait = {wait}, cap = {wait}, on = any)")  # fmt: skip
        limit = fields.get("execution_timeout")
        if isinstance(limit, Milliseconds):
            found["timeout"] = duration_literal(limit.value)
        for key in ("retries", "retry_delay", "execution_timeout"):
            if isinstance(fields.get(key), Unknown):
                self.gaps.of(where, f"`{key}`", f"{fields[key].text} is not written here", "write it into the task")
        return found

    def _reported(self, operation: Operation, fields: dict[str, Any], where: str) -> list[str]:
        if operation.operator not in (*_EMPTY, "BashOperator", "PythonOperator") and operation.function is None:
            return []
        return [
            self.gaps.of(where, f"`{key}` of `{operation.id}`", *_WHY.get(key, ("the language has nothing like it", "see docs/import.md")))
            for key in fields
            if key not in _USED and key in operation.fields
        ]  # fmt: skip


def _failing(note: str) -> Inline:
    """A body that fails: a step that does nothing would look as if it had done its work."""
    return Inline("shell", f"printf '%s\\n' {_quoted(note)} >&2\n{_GIVES_UP}")


def _quoted(text: str) -> str:
    return "'" + " ".join(text.split()).replace("'", "'\\''") + "'"


def _is_data(value: Any) -> bool:
    return isinstance(value, Operation | Output)


def _is_plain(value: Any) -> bool:
    match value:
        case list():
            return all(map(_is_plain, value))
        case dict():
            return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
        case _:
            return value is None or isinstance(value, str | int | float | bool)


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "Bool"
        case int():
            return "Int"
        case float():
            return "Float"
        case _:
            return "String"
