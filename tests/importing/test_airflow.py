"""Airflow files are read, never executed; what they say becomes steps, and the rest is reported with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from econda_edsl.importing.airflow.workflow import import_airflow
from econda_edsl.importing.formats import detect
from econda_edsl.importing.report import NotImported
from econda_edsl.plan import Foreach

from tests.importing.conftest import gap, written

CLASSIC = """
import json
from datetime import datetime, timedelta
from airflow import DAG
from airflow.models.baseoperator import chain
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from airflow.operators.empty import EmptyOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.utils.task_group import TaskGroup

open("executed", "w").close()
LIMIT = 3
RATES = {"eu": 1.5}

def rate(region):
    return RATES[region] * LIMIT

def report(region, *, loud=False):
    with open("report.json", "w") as file:
        json.dump({region: rate(region)}, file)

with DAG(
    "Nightly Sales",
    description="Sales of the day",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    dagrun_timeout=timedelta(hours=2),
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1), "owner": "sales"},
) as dag:
    start = EmptyOperator(task_id="start")
    wait = S3KeySensor(task_id="wait", bucket_key="s3://b/k")
    with TaskGroup("load") as load:
        parts = [BashOperator(task_id=f"load_{n}", bash_command="echo " + str_n, env={"N": "1"})
                 for n, str_n in ()]
        for n in range(3):
            BashOperator(task_id=f"load_{n}", bash_command=f"echo part {n}", pool="database")
    tell = PythonOperator(
        task_id="when", python_callable=report, op_args=["eu"], op_kwargs={"loud": True},
        retries=4, retry_exponential_backoff=True, execution_timeout=timedelta(minutes=30), trigger_rule="all_done",
    )
    dated = BashOperator(task_id="dated", bash_command="echo {{ ds }}")
    start >> load >> tell
    dated << tell
    dated.set_upstream([start])
    chain(start, wait)
    if LIMIT > 2:
        tell >> start
"""

TASKFLOW = """
from airflow.decorators import dag, task, task_group
from airflow.operators.bash import BashOperator
import math

@task
def numbers() -> list[int]:
    return [1, 2, 3]

@task(retries=1)
def root(n: int, scale: float = 1.0) -> float:
    return math.sqrt(n) * scale

@task
def gathered(values: list[float], more=None):
    return {"sum": sum(values), "n": len(values), "more": more}

@task
def show(total, extra):
    print(total, extra)
    assert total == 12.0, total
    assert extra["n"] == 3

@dag(schedule=None, tags=["x"])
def flow():
    \"\"\"Roots of numbers.\"\"\"
    roots = root.partial(scale=2.0).expand(n=[1, 4, 9])
    later = root.override(task_id="again").expand(n=numbers())
    total = gathered(roots, more={"a": [1, None]})
    shown = show(total["sum"], total)
    BashOperator.partial(task_id="echo").expand(bash_command=["echo 1", "echo 2"]) << shown

flow()
"""


def test_classic_operators() -> None:
    assert detect(CLASSIC.encode(), "dag.py") == "airflow"
    found = import_airflow(CLASSIC.encode(), "dag.py")
    text, plan = written(found)
    assert plan.name == "nightly_sales"
    assert plan.settings.deadline_ms == 7_200_000
    waits = {node.id: set(node.waits) for node in plan.body}
    loads = {"load_0", "load_1", "load_2"}
    assert waits == {
        "start": set(),
        "wait": {"start"},
        "when_": loads,
        "dated": {"when_", "start"},
        **{each: {"start"} for each in loads},
    }
    assert (plan.tasks["load_1"].retry.attempts, plan.tasks["load_1"].retry.first_ms) == (3, 60_000)
    told = plan.tasks["when_"]
    assert (told.retry.attempts, told.retry.kind, told.timeout_ms) == (5, "exponential", 1_800_000)
    body = told.run.body  # type: ignore[union-attr]
    assert "import json" in body
    assert "LIMIT = 3" in body
    assert "airflow" not in body
    assert body.rstrip().endswith("report('eu', loud=True)")
    assert "# TODO dag.py:32: the S3KeySensor `wait`" in text
    assert plan.tasks["wait"].retry.attempts == 1  # it fails until it is written, and more attempts change nothing
    assert "exit 1" in plan.tasks["wait"].run.body  # type: ignore[union-attr]
    assert "dag.py:23" in gap(found, "`schedule`")
    assert "bound a loop with `parallel`" in gap(found, "`pool` of `load_0`")
    assert "tolerate" in gap(found, "trigger_rule")
    assert "code is never a template" in gap(found, "a template in")
    assert "known only when the file is executed" in gap(found, "if LIMIT > 2")


def test_nothing_of_the_file_is_executed(econda, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(CLASSIC)
    assert econda("import", "dag.py").returncode == 5
    assert not (tmp_path / "executed").exists()


def test_taskflow_with_mapping_runs(econda, tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(TASKFLOW)
    done = econda("import", "flow.py", "--json")
    assert done.returncode == 5, done.stderr
    ran = econda("run", "flow.edsl", "--json")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    states = [each["state"] for each in json.loads(ran.stdout)["tasks"]]
    assert states == ["succeeded"] * (1 + 3 + 3 + 1 + 1 + 2)
    found = import_airflow(TASKFLOW.encode(), "flow.py")
    text, plan = written(found)
    assert sum(isinstance(node, Foreach) for node in plan.body) == 3
    assert "again = foreach n_2 in numbers.result up to 1000:" in text
    assert plan.doc == "Roots of numbers."


def test_what_is_mapped_over_is_made_a_list_and_it_is_said() -> None:
    source = TASKFLOW.replace("def numbers() -> list[int]", "def numbers()").replace("def root(n: int", "def root(n")
    found = import_airflow(source.encode(), "flow.py")
    _, plan = written(found)
    assert plan.tasks["numbers"].outputs == {"result": "List[String]"}
    assert "annotate it" in gap(found, "List[String]")


@pytest.mark.parametrize(
    "name", ["when", "When", "größe", "任务", "next", "import", "task", "a.b", "x" * 300]
)  # fmt: skip
def test_names_of_any_kind(name: str) -> None:
    source = f"from airflow import DAG\nwith DAG({name!r}) as d:\n    a = BashOperator(task_id={name!r}, bash_command='true')\n"
    source += f"    b = BashOperator(task_id={name.upper()!r}, bash_command='true')\n    a >> b\n"
    _, plan = written(import_airflow(source.encode(), "n.py"))
    assert len(plan.body) == 2


def test_several_dags_and_ten_thousand_tasks_of_a_loop() -> None:
    two = "import airflow\n" + "".join(
        f"with DAG('d{n}'):\n    BashOperator(task_id='same', bash_command='true')\n" for n in (1, 2)
    )
    found = import_airflow(two.encode(), "two.py")
    assert [each.name for each in found.program.pipelines] == ["d1", "d2"]
    many = "import airflow\nwith DAG('m'):\n    for n in range(10_000):\n        BashOperator(task_id=f't{n}', bash_command='true')\n"
    _, plan = written(import_airflow(many.replace("10_000", "2_000").encode(), "m.py"))
    assert len(plan.body) == 2_000
    with pytest.raises(NotImported, match="longer than 1,048,576 bytes"):
        import_airflow(
            many.replace("'true'", "'true # and a comment that is not short, so that the whole is too long'").encode(),
            "m.py",
        )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def (:", "bad.py:1: not Python"),
        ("x = 1\0", "bad.py:1: not Python"),
        ("import airflow\n", "no DAG with tasks"),
        ("import airflow\nBashOperator(task_id='a')\n", "bad.py:2: a task outside of a DAG"),
        ("with DAG('d'):\n  a = EmptyOperator(task_id='a')\n  b = EmptyOperator(task_id='b')\n  a >> b >> a\n",
         "bad.py:2: tasks wait for each other in a circle: a → b → a"),
        ("with DAG('d'):\n  a = [EmptyOperator(task_id='a')]\n  chain(a, a + a)\n", "bad.py:3: `chain` with lists of 1 and 2"),
        ("@dag\ndef f():\n  f()\nf()\n", "call each other in a circle"),
    ],
)  # fmt: skip
def test_what_is_no_dag_is_refused_with_its_line(source: str, said: str) -> None:
    with pytest.raises(NotImported) as caught:
        import_airflow(source.encode(), "bad.py")
    assert said in str(caught.value)


def edges(source: str) -> set[tuple[str, str]]:
    """Who waits for whom."""
    _, plan = written(import_airflow(source.encode(), "dag.py"))
    return {(before, node.id) for node in plan.body for before in node.waits}


OPERATORS = """
from airflow import DAG
from airflow.models.baseoperator import chain, cross_downstream
from airflow.utils.edgemodifier import Label
from airflow.operators.bash import BashOperator
from airflow.decorators import task, setup, teardown

with DAG("d") as dag:
    a, b, c = BashOperator(task_id="a", bash_command="true"), BashOperator(task_id="b", bash_command="true"), BashOperator(task_id="c", bash_command="true")
"""


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ('a >> Label("x") >> b >> c', {("a", "b"), ("b", "c")}),
        ('a << Label("x") << b', {("b", "a")}),
        ('[a, b] >> Label("x") >> c', {("a", "c"), ("b", "c")}),
        ('chain(a, Label("x"), [b, c])', {("a", "b"), ("a", "c")}),
        ("a.as_setup() >> b >> c.as_teardown(setups=a)", {("a", "b"), ("b", "c"), ("a", "c")}),
    ],
)
def test_orders(order: str, found: set[tuple[str, str]]) -> None:
    assert edges(f"{OPERATORS}    {order}\n") == found


def test_setup_and_teardown_are_tasks() -> None:
    source = OPERATORS + """
    @setup
    def create():
        return "id"

    @task
    def work():
        print("work")

    @teardown
    def remove(name):
        print(name)

    c = create()
    c >> work() >> remove(c)
"""  # fmt: skip
    assert edges(source) == {("create", "work"), ("work", "remove"), ("create", "remove")}
    assert "on any" in gap(import_airflow(source.encode(), "dag.py"), "teardown `remove`")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a >> somewhere(b)", "the order of `somewhere(b)`"),
        ("def more():\n        return BashOperator(task_id='x', bash_command='y')\n    more()", "what `more` makes"),
        ("@mine\n    def own(): pass\n    own()", "what `own` makes"),
        ("BashOperator(task_id='x', bash_command='exit 99')", "the exit code 99"),
    ],
)
def test_what_may_be_tasks_is_never_lost_silently(line: str, said: str) -> None:
    assert gap(import_airflow(f"{OPERATORS}    {line}\n".encode(), "dag.py"), said)


def test_a_command_ends_as_its_last_one(econda, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(
        OPERATORS.replace('bash_command="true"', 'bash_command="false; echo $nobody | cat"', 1)
    )
    assert econda("import", "dag.py").returncode == 0
    ran = econda("run", "d.edsl")
    assert ran.returncode == 0, ran.stderr
