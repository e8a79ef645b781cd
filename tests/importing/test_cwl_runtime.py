"""What runs imported CWL tools: expressions, the tool's folder, its outputs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from econda_edsl.importing.cwl.runtime.expressions import ExpressionError, Expressions, needs_javascript
from econda_edsl.importing.cwl.runtime.files import described
from econda_edsl.importing.cwl.runtime.step import evaluated, merged
from econda_edsl.importing.cwl.runtime.tool import run

PYTHON = sys.executable


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


INPUTS = {"n": 3, "x": 1e-05, "whole": 2.0, "words": ["a", "b"], "r": {"a b": {"c": [1, 2]}}, "none": None}


def value(text: str, own: Any = None, library: list[str] | None = None) -> Any:
    return Expressions(INPUTS, {"cores": 2}, library).value(text, own)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$(inputs.n)", 3),
        (" $(inputs.n) ", 3),
        ("n = $(inputs.n), $(inputs.x) $(inputs.whole)", "n = 3, 0.00001 2"),
        ("$(inputs.words)", ["a", "b"]),
        ("$(inputs.words[1])$(inputs.words.length)", "b2"),
        ("$(inputs['r']['a b'].c[1])", 2),
        ('$(inputs.r["a b"])!', '{"c": [1, 2]}!'),
        ("$(inputs.none)", None),
        ("$(self)", {"s": 1}),
        ("$(self.s)-$(runtime.cores)", "1-2"),
        ("\\$(inputs.n) \\\\ \\${x}", "$(inputs.n) \\ ${x}"),
        ("$HOME $5", "$HOME $5"),
    ],
)
def test_parameter_references(text: str, found: Any) -> None:
    assert value(text, {"s": 1}) == found


@pytest.mark.parametrize("text", ["$(inputs.nothing)", "$(inputs.n.length)", "$(inputs.words[2])", "$(inputs.r.c)", "$(inputs.n", "$(1 + 1)", "${return 1}"])  # fmt: skip
def test_what_is_none_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"\$[({]"):
        value(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$(inputs.n * 2)", 6),
        ("${ var t = 0; for (var i = 0; i < inputs.n; i++) { t += i; } return t; }", 3),
        ('$(inputs.words.join(")"))', "a)b"),
        ("$(double(inputs.n)) and $({'a': [1]})", '6 and {"a":[1]}'.replace(":", ": ")),
        ("$(self === null ? 'none' : self)", "none"),
        ("$(undefined)", None),
    ],
)
def test_javascript(text: str, found: Any) -> None:
    assert value(text, library=["function double(x) { return 2 * x; }"]) == found


def test_javascript_has_limits_and_says_what_is_wrong() -> None:
    with pytest.raises(ExpressionError, match="nothing"):
        value("$(nothing.at.all)", library=[])
    with pytest.raises(ExpressionError):
        value("${ var a = []; while (true) { a.push(new Array(100000)); } }", library=[])


def test_only_what_is_no_reference_asks_for_javascript() -> None:
    assert not needs_javascript({"a": ["$(inputs.x.y)", "$(self['a b'][0])", "\\$(1 + 1)", "${plain"[:1]]})
    assert needs_javascript([{"valueFrom": "x $(inputs.x + 1)"}])
    assert needs_javascript("${return 1}")


# Tools ------------------------------------------------------------------------------------------------------------


def tool(script: str, outputs: list[dict[str, Any]], inputs: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:  # fmt: skip
    return {"class": "CommandLineTool", "baseCommand": [PYTHON, "-c", script], "inputs": inputs or [], "outputs": outputs, **more}  # fmt: skip


def out(kind: Any, **binding: Any) -> dict[str, Any]:
    return {"id": "out", "type": kind, "outputBinding": binding}


def test_files_that_match_and_what_is_computed_of_them() -> None:
    script = "open('b.txt', 'w').write('2'); open('a.txt', 'w').write('1')"
    assert [p.name for p in run(tool(script, [out({"type": "array", "items": "File"}, glob="*.txt")]), {})["out"]] == ["a.txt", "b.txt"]  # fmt: skip


def test_an_output_of_the_contents() -> None:
    script = "open('n', 'w').write('41')"
    needs = [{"class": "InlineJavascriptRequirement"}]
    binding = {"glob": "n", "loadContents": True, "outputEval": "$(parseInt(self[0].contents) + 1)"}
    assert run(tool(script, [out("int", **binding)], requirements=needs), {}) == {"out": 42}


@pytest.mark.parametrize(("kind", "said"), [("File", "2 files match"), (["null", "File"], "2 files match")])
def test_none_of_several_is_guessed(kind: Any, said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        run(tool("open('a', 'w'); open('b', 'w')", [out(kind, glob="*")]), {})


def test_what_is_not_there_is_missed_unless_it_may_be() -> None:
    assert run(tool("pass", [out(["null", "File"], glob="*")]), {}) == {"out": None}
    Path("work").rmdir()
    with pytest.raises(SystemExit, match="nothing matches"):
        run(tool("pass", [out("File", glob="*")]), {})


def test_nothing_outside_of_the_tools_folder_is_an_output(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    for pattern in ("../secret", str(tmp_path / "secret")):
        with pytest.raises(SystemExit, match="outside of the tool's folder"):
            run(tool("pass", [out("File", glob=pattern)]), {})
        (tmp_path / "work").rmdir()
    with pytest.raises(SystemExit, match="is a link to"):
        run(tool(f"import os; os.symlink({str(tmp_path / 'secret')!r}, 'link')", [out("File", glob="link")]), {})


def test_a_link_to_an_input_is_a_copy_of_it(tmp_path: Path) -> None:
    (tmp_path / "given.txt").write_text("g")
    script = "import os, sys; os.symlink(sys.argv[1], 'link')"
    found = run(tool(script, [out("File", glob="link")], [{"id": "f", "type": "File", "inputBinding": {}}]), {"f": tmp_path / "given.txt"})  # fmt: skip
    assert not found["out"].is_symlink()
    assert found["out"].read_text() == "g"


def test_the_exit_code_counts() -> None:
    ends = [{"id": "code", "type": "int", "outputBinding": {"outputEval": "$(runtime.exitCode)"}}]
    assert run(tool("raise SystemExit(7)", ends, successCodes=[7]), {}) == {"code": 7}
    Path("work").rmdir()
    with pytest.raises(SystemExit, match="exit code 7"):
        run(tool("raise SystemExit(7)", ends), {})


def test_the_folder_is_filled_before_the_tool_starts(tmp_path: Path) -> None:
    (tmp_path / "given.txt").write_text("g")
    listing = [
        {"entryname": "sub/renamed.txt", "entry": "$(inputs.f)"},
        {"entryname": "text.json", "entry": "$(inputs.words)"},
        {"entryname": "plain", "entry": "n is $(inputs.n)"},
        "$(inputs.nothing)",
    ]
    script = "import os, sys; print(sys.argv[1], open(sys.argv[1]).read(), open('text.json').read(), open('plain').read()); open(sys.argv[1], 'w')"
    needs = [{"class": "InitialWorkDirRequirement", "listing": listing}]
    inputs = [{"id": "f", "type": "File", "inputBinding": {}}, *({"id": each, "type": "Any"} for each in ("words", "n", "nothing"))]  # fmt: skip
    given = {"f": tmp_path / "given.txt", "words": ["a"], "n": 3, "nothing": None}
    found = run(tool(script, [{"id": "out", "type": "stdout"}], inputs, requirements=needs, stdout="said"), given)
    path, *rest = found["out"].read_text().split(" ", 1)
    assert path == str(tmp_path / "work" / "sub" / "renamed.txt")
    assert rest == ['g ["a"] n is 3\n']
    assert (tmp_path / "given.txt").read_text() == "g"


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x"])
def test_nothing_is_put_outside_of_it(name: str) -> None:
    needs = [{"class": "InitialWorkDirRequirement", "listing": [{"entryname": name, "entry": "x"}]}]
    with pytest.raises(SystemExit, match="inside of the tool's folder"):
        run(tool("pass", [], requirements=needs), {})


def test_a_tool_may_say_its_outputs_itself() -> None:
    told = {"out": {"class": "File", "path": "x.txt"}, "n": 4}
    script = f"import json; open('x.txt', 'w').write('x'); json.dump({told!r}, open('cwl.output.json', 'w'))"
    found = run(tool(script, [{"id": "out", "type": "File"}, {"id": "n", "type": "int"}]), {})
    assert (found["out"].read_text(), found["n"]) == ("x", 4)


def test_variables_streams_and_time() -> None:
    needs = [{"class": "EnvVarRequirement", "envDef": [{"envName": "N", "envValue": "$(inputs.n)!"}]}, {"class": "ToolTimeLimit", "timelimit": "$(inputs.n)"}]  # fmt: skip
    script = "import os, sys; print(os.environ['N'], os.environ['HOME'] == os.getcwd()); sys.stderr.write('e')"
    outputs = [{"id": "o", "type": "stdout"}, {"id": "e", "type": "stderr"}]
    found = run(tool(script, outputs, [{"id": "n", "type": "int"}], requirements=needs), {"n": 5})
    assert (found["o"].read_text(), found["e"].read_text()) == ("5! True\n", "e")
    import shutil

    shutil.rmtree("work")
    with pytest.raises(SystemExit, match="longer than its limit"):
        run(tool("import time; time.sleep(9)", [], [{"id": "n", "type": "int"}], requirements=needs), {"n": 1})


def test_an_expression_tool() -> None:
    about = {"class": "ExpressionTool", "inputs": [{"id": "n", "type": "int"}], "outputs": [{"id": "m", "type": "int"}],
             "requirements": [{"class": "InlineJavascriptRequirement"}], "expression": "${return {m: inputs.n + 1};}"}  # fmt: skip
    assert run(about, {"n": 1}) == {"m": 2}


def test_a_described_file_has_its_parts(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_text("xyz")
    about = described(tmp_path / "a.tar.gz")
    parts = {key: about[key] for key in ("class", "basename", "nameroot", "nameext", "size")}
    assert parts == {"class": "File", "basename": "a.tar.gz", "nameroot": "a.tar", "nameext": ".gz", "size": 3}
    assert json.dumps(about)


# Steps ------------------------------------------------------------------------------------------------------------


def test_inputs_of_a_step_are_computed_of_those_that_were_given() -> None:
    step = {"valueFrom": {"a": "$(inputs.b + self)", "b": "$(inputs.a)"}, "when": "$(inputs.a > 3)", "library": []}
    assert evaluated(step, {"a": 1, "b": 2}) == {"a": 3, "b": 1, "(when)": False}


def test_a_test_is_true_or_false() -> None:
    with pytest.raises(SystemExit, match="true or false, not 1"):
        evaluated({"when": "$(inputs.a)"}, {"a": 1})


@pytest.mark.parametrize(
    ("values", "link", "pick", "found"),
    [
        ([1, [2, 3]], "merge_flattened", None, [1, 2, 3]),
        ([[1], [2]], "merge_nested", None, [[1], [2]]),
        ([None, 2, 3], None, "first_non_null", 2),
        ([None, 2], None, "the_only_non_null", 2),
        ([None, None], None, "all_non_null", []),
        ([[1, None], [None, 2]], "merge_flattened", "all_non_null", [1, 2]),
    ],
)
def test_sources_together(values: list[Any], link: str | None, pick: str | None, found: Any) -> None:
    assert merged(values, link, pick) == found


@pytest.mark.parametrize(("values", "pick"), [([None], "first_non_null"), ([1, 2], "the_only_non_null"), ([None], "the_only_non_null")])  # fmt: skip
def test_what_cannot_be_picked_ends_the_step(values: list[Any], pick: str) -> None:
    with pytest.raises(SystemExit, match=pick):
        merged(values, None, pick)
