"""Nextflow traces: every completed task a step, with its time, cores and memory; dependencies are not in them."""

from __future__ import annotations

import pytest
from econda_edsl.importing.formats import detect
from econda_edsl.importing.recordings.nextflow_trace import import_trace
from econda_edsl.importing.report import NotImported

from tests.importing.conftest import gap, written

COLUMNS = "task_id\thash\tname\tstatus\trealtime\t%cpu\tcpus\tpeak_rss\trchar\n"
ROWS = (
    "1\tab/12\tNF:FASTQC (one)\tCOMPLETED\t1m 30s\t98%\t2\t1.5 GB\t3 MB\n"
    "2\tcd/34\tNF:FASTQC (two)\tCACHED\t250ms\t98%\t2\t1.5 GB\t3 MB\n"
    "3\tef/56\tNF:ALIGN (one)\tFAILED\t3s\t98%\t1\t-\t3 MB\n"
    "4\tef/57\tNF:ALIGN (one)\tCOMPLETED\t61500\t98%\t-\t3145728\t3 MB\n"
)


def test_completed_tasks_become_steps() -> None:
    data = (COLUMNS + ROWS).encode()
    assert detect(data, "trace.txt") == "nextflow-trace"
    found = import_trace(data, "trace.txt", scale=0.5)
    text, plan = written(found)
    assert [node.id for node in plan.body] == ["fastqc_1", "fastqc_2", "align_4"]
    assert "fastqc_1 = fastqc(90.0 * scale)\n" in text
    assert "fastqc_2 = fastqc(0.25 * scale)\n" in text
    assert "align_4 = align(61.5 * scale)" in text
    needs = plan.tasks["fastqc"].needs
    assert (needs.cpu, needs.memory) == ({"lit": 2}, {"lit": 1536 * 2**20})
    assert "trace.txt:4" in gap(found, "FAILED")
    assert "rchar" in gap(found, "columns")
    assert gap(found, "dependencies between tasks").split("; ")[0] in text.replace("\n# ", " ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,status\na,COMPLETED\n", "trace.txt:1: no names of columns"),
        (COLUMNS + "1\tab\n", "trace.txt:2: not as many columns"),
        (COLUMNS + "1\tab/12\tA\tCOMPLETED\tlong\t\t1\t1 GB\t\n", 'trace.txt:2: "long" is no time'),
        (COLUMNS + "1\tab/12\tA\tCOMPLETED\t1s\t\t1\tmuch\t\n", 'trace.txt:2: "much" is no size'),
        (COLUMNS, "no tasks"),
    ],
)
def test_what_is_no_trace_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(NotImported) as caught:
        import_trace(text.encode(), "trace.txt", scale=1)
    assert said in str(caught.value)
