"""The editor's extension: its grammar as VS Code reads it, and what is in the package."""

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from econda_edsl.compiler.parse.layout import lay_out
from econda_edsl.highlighting import textmate, words
from econda_edsl.index.analysis import analyse

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "edsl" / "editors" / "vscode"
GRAMMAR = EXTENSION / "syntaxes" / "edsl.tmLanguage.json"
BUILT = Path(os.environ.get("ECONDA_CACHE", Path.home() / ".cache" / "econda")) / "vscode"
PACKAGE = ROOT / "build" / "econda-edsl.vsix"
FILES = sorted([*ROOT.glob("tests/corpus/ok/**/*.edsl"), *ROOT.glob("edsl/examples/**/*.edsl")])

Line = list[tuple[str, list[str]]]


@pytest.fixture(scope="module")
def modules() -> Path:
    if not (BUILT / "node_modules" / "vscode-textmate").exists():
        pytest.skip("`make vscode` has not been run")
    return BUILT


def coloured(modules: Path, *files: Path) -> list[list[Line]]:
    script = Path(__file__).parent / "tokenise.cjs"
    done = subprocess.run(["node", script, modules, GRAMMAR, *files], capture_output=True, check=True, timeout=120)
    return json.loads(done.stdout)


def test_the_grammar_is_the_one_that_is_written() -> None:
    assert GRAMMAR.read_text() == textmate.grammar()


@pytest.mark.component
def test_examples_are_coloured_as_the_compiler_reads_them(modules: Path) -> None:
    """Code bodies are of their language from the first line to the last, and nothing else is."""
    for path, lines in zip(FILES, coloured(modules, *FILES), strict=True):
        text = path.read_text()
        assert ["".join(t for t, _ in line) for line in lines] == text.split("\n")
        bodies = {number for body in bodies_of(text) for number in body}
        for number, line in enumerate(lines, 1):
            inside = any("meta.embedded.block" in scope for _, scopes in line for scope in scopes)
            if "".join(t for t, _ in line).strip():
                assert inside == (number in bodies), (path, number)


def bodies_of(text: str) -> list[range]:
    """The lines of every code body, as the compiler lifts them out."""
    layout, _ = lay_out(text)
    found = []
    for chunk in layout.chunks:
        for offset, line in enumerate(chunk.text.split("\n")):
            if "\x01" in line:
                body = layout.bodies[int(line.split("\x01")[1])]
                found.append(range(chunk.line + offset + 1, chunk.line + offset + 1 + body.count("\n")))
    return found


@pytest.mark.component
def test_words_have_the_colour_of_what_they_are(modules: Path, tmp_path: Path) -> None:
    text = (
        'edsl 1\n\ntask fit(rows: Table) -> (auc: Float):\n    """Doc."""\n    needs:\n        memory = 16GiB * attempt  # why\n'
        '    run python:\n        auc = 1\n\n    timeout = 2h\n\npipeline main(rows: Table):\n'
        '    xs = foreach x in [1] with parallel = 2:\n        y = fit(rows)\n        gather y.auc\n'
        '    assert len(xs.done) > 0 and true, "got {len(xs.done)} of {{1}}"\n'
    )  # fmt: skip
    file = tmp_path / "main.edsl"
    file.write_text(text)
    assert analyse(text).diagnostics == ()
    (lines,) = coloured(modules, file)
    found = {t.strip(): scopes[-1] for line in lines for t, scopes in line if t.strip()}
    for word, scope in {
        "task": "storage.type", "fit": "entity.name.function", "Table": "support.type", "16GiB": "constant.numeric",
        "attempt": "variable.language", "memory": "variable.other.definition", "# why": "comment.line",
        "run": "keyword.control", "python": "entity.name.type.language", "2h": "constant.numeric", "foreach": "keyword.control",
        "gather": "keyword.control", "len": "support.function", "and": "keyword.operator.word", "true": "constant.language",
        "done": "variable.other.member", "{{": "constant.character.escape", "auc = 1": "other",
    }.items():  # fmt: skip
        assert found[word].startswith(scope), (word, found[word])


def test_every_language_of_code_is_embedded() -> None:
    manifest = json.loads((EXTENSION / "package.json").read_text())
    embedded = manifest["contributes"]["grammars"][0]["embeddedLanguages"]
    assert {f"meta.embedded.block.{name}" for name in words.LANGUAGES} == set(embedded)


@pytest.mark.component
def test_the_package_has_what_the_manifest_names_and_no_more() -> None:
    if not PACKAGE.exists():
        pytest.skip("`make vscode` has not been run")
    with zipfile.ZipFile(PACKAGE) as package:
        names = {n.removeprefix("extension/") for n in package.namelist()}
        manifest = json.loads(package.read("extension/package.json"))
        grammar = package.read("extension/syntaxes/edsl.tmLanguage.json").decode()
        program = package.read("extension/out/extension.js").decode()
    contributed = manifest["contributes"]
    wanted = {manifest["main"], manifest["icon"], contributed["languages"][0]["configuration"],
              contributed["grammars"][0]["path"], contributed["snippets"][0]["path"]}  # fmt: skip
    assert {w.removeprefix("./") for w in wanted} <= names
    assert grammar == GRAMMAR.read_text()
    assert "edsl.server.command" in program
    assert not any("node_modules" in n or n.endswith((".ts", "package-lock.json")) for n in names)
