"""Airflow DAG files, read as text and never executed."""

from __future__ import annotations

import ast
import warnings
from graphlib import CycleError, TopologicalSorter

from econda_edsl.compiler.parse.layout import SOURCE_BYTES
from econda_edsl.importing.airflow.reading import Reader
from econda_edsl.importing.airflow.tasks import OperationTasks
from econda_edsl.importing.airflow.values import Dag, Milliseconds, Operation
from econda_edsl.importing.documents import decode
from econda_edsl.importing.report import Gaps, Imported, NotImported
from econda_edsl.writing.literals import duration_literal
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import PipelineText, Program
from econda_edsl.writing.source import too_long

_DAG_WHY = {
    "schedule": ("runs are started from outside", "start them by a trigger, an upload, or cron and `econda submit`"),
    "start_date": ("a pipeline has no calendar", "give the date as an input"),
    "params": ("they are read by templates", "declare them as inputs of the pipeline"),
}
_SAME = {"schedule_interval": "schedule", "timetable": "schedule", "end_date": "start_date", "catchup": "start_date"}
_SILENT = frozenset({"description", "doc_md", "default_args", "dagrun_timeout", "dag_display_name"})


def import_airflow(data: bytes, path: str) -> Imported:
    """Read a DAG file. Raises `NotImported` for what is no Python, has no DAG, or has tasks in a circle."""
    text = decode(data, path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(text)
    except SyntaxError as error:
        raise NotImported(f"{path}:{error.lineno or 1}: not Python: {error.msg}; correct it") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise NotImported(f"{path}: cannot be read as Python ({error}); correct it") from error
    gaps = Gaps()
    try:
        dags = [dag for dag in Reader(module, path, gaps).read() if dag.operations]
    except RecursionError as error:
        raise NotImported(f"{path}: its functions call each other in a circle, or are nested too deep") from error
    if not dags:
        raise NotImported(f"{path}: no DAG with tasks that can be read without executing the file; write it by hand")
    names = Names()
    titles = [names.take(dag.id, "dag") for dag in dags]
    tasks = OperationTasks(module, path, gaps, names)
    pipelines = [_pipeline(dag, title, path, tasks, gaps) for dag, title in zip(dags, titles)]
    head = [f"Imported from the Airflow file {path}, which was read and not executed."]
    program = Program(pipelines, tasks.declared, head=head)
    if too_long(program):
        raise NotImported(
            f"{path}: its tasks make a program longer than {SOURCE_BYTES:,} bytes; import DAGs one by one"
        )
    return Imported("airflow", program, gaps.found)


def _pipeline(dag: Dag, title: str, path: str, tasks: OperationTasks, gaps: Gaps) -> PipelineText:
    where = f"{path}:{dag.line}"
    for key in dag.fields:
        if key not in _SILENT:
            default = ("the language has nothing like it", "see docs/import.md")
            why, instead = _DAG_WHY.get(_SAME.get(key, key), default)
            gaps.of(where, f"`{key}` of the DAG", why, instead)
    settings = {}
    if isinstance(limit := dag.fields.get("dagrun_timeout"), Milliseconds):
        settings["deadline"] = duration_literal(limit.value)
    defaults = dag.fields.get("default_args")
    tasks.begin(defaults if isinstance(defaults, dict) else {})
    steps = [step for operation in _ordered(dag, path) for step in tasks.steps(operation)]
    described = dag.fields.get("description")
    return PipelineText(title, steps, settings=settings, doc=described if isinstance(described, str) else dag.doc)


def _ordered(dag: Dag, path: str) -> list[Operation]:
    """Tasks behind those they wait for, otherwise as written."""
    sorter = TopologicalSorter({each: dict.fromkeys(each.upstream) for each in dag.operations})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        circle = " → ".join(each.id for each in reversed(error.args[1][:12]))
        line = error.args[1][0].line
        raise NotImported(
            f"{path}:{line}: tasks wait for each other in a circle: {circle}; take one order away"
        ) from error
