"""CWL: tools become tasks that run, scatter a loop, `when` a branch; what is not carried over is reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from econda_edsl.importing.cwl.workflow import import_cwl
from econda_edsl.importing.formats import detect
from econda_edsl.importing.report import NotImported
from econda_edsl.plan import Foreach, When

from tests.importing.conftest import gap, written

TOOL = """
cwlVersion: v1.2
class: CommandLineTool
doc: Say things.
requirements:
  ResourceRequirement: {coresMin: 2, ramMin: 512, outdirMin: 100}
  EnvVarRequirement: {envDef: {GREETING: hello}}
  ToolTimeLimit: {timelimit: 60}
baseCommand: [sh, -c, 'printf "%s " "$GREETING" "$@"', sh]
arguments: [{valueFrom: end, position: 9}, $(inputs.times)]
inputs:
  words: {type: "string[]", inputBinding: {position: 2, prefix: -w}}
  times: {type: int, default: 3}
  loud: {type: boolean, default: true, inputBinding: {position: 3, prefix: --loud}}
  note: {type: "string?", inputBinding: {position: 4, prefix: --note=, separate: false}}
outputs:
  said: stdout
  all: {type: "File[]", outputBinding: {glob: "*.txt"}}
stdout: said.txt
"""

FLOW = """
cwlVersion: v1.2
class: Workflow
requirements: {ScatterFeatureRequirement: {}}
inputs:
  names: "string[]"
  big: {type: int, default: 3}
outputs:
  texts: {type: "File[]", outputSource: greet/said}
  last: {type: "File?", outputSource: maybe/said}
steps:
  maybe:
    run: tool.cwl
    when: $(inputs.size > 2)
    in: {words: names, size: big, times: {default: 7}}
    out: [said]
  greet:
    run:
      class: CommandLineTool
      baseCommand: echo
      inputs: {name: {type: string, inputBinding: {}}}
      outputs: {said: stdout}
    scatter: name
    in: {name: names}
    out: [said]
"""


def test_a_tool_becomes_a_task_that_runs(econda, tmp_path: Path) -> None:
    assert detect(TOOL.encode(), "tool.cwl") == "cwl"
    found = import_cwl(TOOL.encode(), "tool.cwl")
    _, plan = written(found)
    [task] = plan.tasks.values()
    assert (task.needs.cpu, task.needs.memory, task.needs.disk) == ({"lit": 2}, {"lit": 2**29}, {"lit": 100 * 2**20})
    assert task.timeout_ms == 60_000
    (tmp_path / "tool.cwl").write_text(TOOL)
    assert econda("import", "tool.cwl").returncode == 0
    text = (tmp_path / "tool.edsl").read_text().replace("memory = 512MiB", "memory = 256MiB")
    (tmp_path / "tool.edsl").write_text(text)
    ran = econda("run", "tool.edsl", "-p", 'words=["a", "b c"]', "-p", "note=x", "--json")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    files = [
        path.read_text() for path in (tmp_path / "home").rglob("*") if path.is_file() and path.stat().st_size < 100
    ]
    assert "hello 3 -w a b c --loud --note=x end " in files


def test_a_workflow_with_scatter_and_when(econda, tmp_path: Path) -> None:
    (tmp_path / "tool.cwl").write_text(TOOL)
    (tmp_path / "flow.cwl").write_text(FLOW)
    found = import_cwl(FLOW.encode(), str(tmp_path / "flow.cwl"))
    text, plan = written(found)
    assert {type(node) for node in plan.body} == {Foreach, When}
    assert plan.outputs == {"texts": "List[File]", "last": "File?"}
    assert "when big > 2:" in text
    assert "10000" in gap(found, "scatter without a bound")
    done = econda("import", "flow.cwl", "--json")
    assert done.returncode == 5, done.stderr
    assert json.loads(done.stdout)["format"] == "cwl"
    ran = econda("run", "flow.edsl", "-p", 'names=["a", "b"]', "-p", "big=1", "--json")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert len(json.loads(ran.stdout)["outputs"]["texts"]) == 2


def test_what_is_not_carried_over_is_reported_with_its_place() -> None:
    source = TOOL.replace(
        "requirements:",
        "requirements:\n  InplaceUpdateRequirement: {inplaceUpdate: true}\n  DockerRequirement: {dockerPull: 'x:1'}",
    ).replace("times: ", "things: Any\n  times: ", 1)
    found = import_cwl(source.encode(), "tool.cwl")
    text, plan = written(found)
    assert "nothing like it" in gap(found, "InplaceUpdateRequirement")
    assert "no counterpart" in gap(found, "`things`")
    assert plan.tasks["tool_2"].image == "x:1"
    assert "# TODO tool.cwl: the image x:1" in text


def test_expressions_are_evaluated_by_what_lies_beside_the_program() -> None:
    source = TOOL.replace("$(inputs.times)", "$(inputs.times * 2)")
    found = import_cwl(
        source.replace("requirements:", "requirements:\n  InlineJavascriptRequirement: {}").encode(), "tool.cwl"
    )
    _, plan = written(found)
    assert {"cwl_tool.py", "cwl_expressions.py"} <= set(found.files)
    assert plan.environments  # the package that evaluates JavaScript
    assert not import_cwl(TOOL.encode(), "tool.cwl").gaps


def test_names_that_clash_and_nested_workflows(tmp_path: Path) -> None:
    inner = FLOW.replace(
        "run: tool.cwl",
        "run: {class: CommandLineTool, baseCommand: 'true', inputs: {words: 'string[]', size: int, times: int}, outputs: {said: stdout}}",
    )
    (tmp_path / "inner.cwl").write_text(inner)
    outer = """
cwlVersion: v1.2
class: Workflow
requirements: {SubworkflowFeatureRequirement: {}}
inputs: {when: "string[]", When: "string[]", größe: int}
outputs: {import: {type: "File[]", outputSource: next/texts}}
steps:
  next: {run: inner.cwl, in: {names: when, big: größe}, out: [texts]}
  Next: {run: inner.cwl, in: {names: When, big: größe}, out: [texts]}
"""
    found = import_cwl(outer.encode(), str(tmp_path / "outer.cwl"))
    _, plan = written(found)
    assert len(plan.params) == 3
    assert len(plan.body) == 4


def test_a_thousand_steps() -> None:
    tool = "{class: CommandLineTool, baseCommand: 'true', inputs: [], outputs: {o: stdout}}"
    steps = "".join(f"  s{n}: {{run: {tool}, in: [], out: [o]}}\n" for n in range(300))
    source = f"cwlVersion: v1.2\nclass: Workflow\ninputs: []\noutputs: []\nsteps:\n{steps}"
    assert len(written(import_cwl(source.encode(), "many.cwl"))[1].body) == 300


BOMB = "cwlVersion: v1.2\nclass: Workflow\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (BOMB, "bad.cwl:4: aliases (`*a`) are not allowed"),
        ("cwlVersion: [", "not usable YAML"),
        ("- cwlVersion: v1.2", "not a CWL document"),
        ("cwlVersion: v1.2\nclass: Workflow\n", "missing required field `inputs`"),
        ("cwlVersion: v9\nclass: Workflow\n", "Did not recognise v9"),
        (FLOW.replace("tool.cwl", "http://example.org/tool.cwl"), "lies outside of its folder and is not read"),
        (FLOW.replace("tool.cwl", "../tool.cwl"), "lies outside of its folder"),
        (FLOW.replace("tool.cwl", "nowhere.cwl"), "there is no file nowhere.cwl"),
        (
            FLOW.replace("words: names", "words: greet/said").replace("{name: names}", "{name: maybe/said}"),
            "in a circle",
        ),
        (FLOW.replace("inputs:\n", "inputs:\n  $import: http://example.org/x\n", 1), "lies outside of its folder"),
    ],
)
def test_what_is_no_cwl_is_refused(source: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotImported) as caught:
        import_cwl(source.encode(), "bad.cwl")
    assert said in str(caught.value)


JOIN = """{cwlVersion: v1.2, class: CommandLineTool, baseCommand: [printf, "%s-%s"], stdout: o, inputs: {a: {type: string, inputBinding: {position: 1}}, b: {type: string, inputBinding: {position: 2}}}, outputs: {word: {type: string, outputBinding: {glob: o, loadContents: true, outputEval: "$(self[0].contents)"}}}}
"""

COMPOSED = """
cwlVersion: v1.2
class: Workflow
requirements: {ScatterFeatureRequirement: {}, StepInputExpressionRequirement: {}, MultipleInputFeatureRequirement: {}}
inputs:
  xs: "string[]"
  ys: "string[]"
  go: boolean
  who: {type: {type: record, name: Who, fields: [{name: first, type: string}, {name: age, type: int}]}}
outputs:
  table: {type: {type: array, items: {type: array, items: string}}, outputSource: pairs/word}
  chosen: {type: string, outputSource: [maybe/word, always/word], pickValue: first_non_null}
  all: {type: "string[]", outputSource: [pairs_flat/word, always/word], linkMerge: merge_flattened}
steps:
  pairs: {run: join.cwl, scatter: [a, b], scatterMethod: nested_crossproduct, in: {a: xs, b: ys}, out: [word]}
  pairs_flat: {run: join.cwl, scatter: a, in: {a: xs, b: {source: who, valueFrom: $(self.first)}}, out: [word]}
  maybe: {run: join.cwl, when: $(inputs.goes), in: {a: {default: m}, b: {default: n}, goes: go}, out: [word]}
  always: {run: join.cwl, in: {a: {source: who, valueFrom: "$(self.first) is $(self.age)"}, b: {valueFrom: "$(inputs.who.first)"}, who: who}, out: [word]}
"""


@pytest.mark.parametrize(("go", "chosen"), [(True, "m-n"), (False, "Ada is 36-Ada")])
def test_a_workflow_runs_as_cwl_says(econda, go: bool, chosen: str, tmp_path: Path) -> None:
    (tmp_path / "join.cwl").write_text(JOIN)
    (tmp_path / "flow.cwl").write_text(COMPOSED)
    (tmp_path / "job.json").write_text(json.dumps({"xs": ["a", "b"], "ys": ["1", "2"], "go": go, "who": {"first": "Ada", "age": 36}}))  # fmt: skip
    assert econda("import", "flow.cwl", "-o", "out").returncode == 5  # a scatter has no bound there
    done = econda("run", "out/flow.edsl", "--params", "job.json", "--json")
    assert done.returncode == 0, done.stdout
    outputs = json.loads(done.stdout)["outputs"]
    assert outputs == {
        "table": [["a-1", "a-2"], ["b-1", "b-2"]],
        "chosen": chosen,
        "all": ["a-Ada", "b-Ada", "Ada is 36-Ada"],
    }


def test_what_a_step_requires_holds_for_that_step_alone(tmp_path: Path) -> None:
    (tmp_path / "show.cwl").write_text(
        "{cwlVersion: v1.2, class: CommandLineTool, baseCommand: env, inputs: {n: int}, outputs: {o: stdout}}"
    )
    variable = "requirements: {EnvVarRequirement: {envDef: {X: 'a'}}}"
    flow = f"""
cwlVersion: v1.2
class: Workflow
inputs: {{n: int}}
outputs: {{a: {{type: File, outputSource: one/o}}, b: {{type: File, outputSource: two/o}}, c: {{type: File, outputSource: three/o}}}}
steps:
  one: {{run: show.cwl, in: {{n: n}}, out: [o], {variable}}}
  two: {{run: show.cwl, in: {{n: n}}, out: [o]}}
  three: {{run: show.cwl, in: {{n: n}}, out: [o], {variable.replace("'a'", "'c'")}}}
"""
    _, plan = written(import_cwl(flow.encode(), str(tmp_path / "flow.cwl")))
    bodies = [plan.tasks[node.task].run.body for node in sorted(plan.body, key=lambda node: node.id)]
    assert ["'envValue': 'a'" in body for body in bodies] == [True, False, False]
    assert ["'envValue': 'c'" in body for body in bodies] == [False, True, False]  # one, three, two


def test_a_requirement_of_a_tool_counts_more_than_its_hint() -> None:
    source = TOOL.replace("baseCommand:", "hints: {ResourceRequirement: {coresMin: 7}}\nbaseCommand:")
    _, plan = written(import_cwl(source.encode(), "tool.cwl"))
    assert plan.tasks["tool_2"].needs.cpu == {"lit": 2}


def test_default_files_of_one_name_are_two_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.txt").write_text(folder)
    source = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: cat
inputs:
  one: {type: File, inputBinding: {}, default: {class: File, location: a/x.txt}}
  two: {type: File, inputBinding: {}, default: {class: File, location: b/x.txt}}
outputs: {o: stdout}
"""
    found = import_cwl(source.encode(), str(tmp_path / "tool.cwl"))
    _, plan = written(found)
    assert sorted(found.files[each.default["lit"]["$bundled"]] for each in plan.params.values()) == [b"a", b"b"]


def test_contents_are_loaded_of_the_workflow_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "inner.cwl").write_text("""
cwlVersion: v1.2
class: Workflow
requirements: {StepInputExpressionRequirement: {}}
inputs: {data: File}
outputs: {o: {type: File, outputSource: s/o}}
steps:
  s: {run: {class: CommandLineTool, baseCommand: echo, inputs: {n: {type: string, inputBinding: {}}}, outputs: {o: stdout}}, in: {n: {source: data, valueFrom: $(self.basename)}}, out: [o]}
""")
    outer = """
cwlVersion: v1.2
class: Workflow
requirements: {SubworkflowFeatureRequirement: {}}
inputs: {data: {type: File, loadContents: true}}
outputs: {o: {type: File, outputSource: inner/o}}
steps:
  inner: {run: inner.cwl, in: {data: data}, out: [o]}
"""
    _, plan = written(import_cwl(outer.encode(), str(tmp_path / "outer.cwl")))
    [body] = [task.run.body for task in plan.tasks.values() if "STEP" in task.run.body]
    assert "'loadContents': []" in body
