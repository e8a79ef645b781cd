"""The real `econda lsp`, asked over the protocol as an editor asks."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from lsprotocol import types as p
from pygls.exceptions import JsonRpcException

from tests.lsp.editor import PROGRAM, Editor, editing, position

TEXT = '''edsl 1

let limit = 16GiB

## What came of one fit.
type Trial:
    rate: Float
    auc: Float

task fit(rows: Table, rate: Float in 0.0..1.0 = 0.1) -> (auc: Float, model: Model):
    """Fit **one** model."""
    needs:
        cpu = 4
        memory = limit
    retry = exponential(attempts = 3, on = [preempted])
    run python:
        auc, model = learn(rows, rate); from acme import learn

pipeline main(rows: Table) -> (best: Float):
    tried = foreach rate in [0.1, 0.2]:
        one = fit(rows, rate = rate)
        gather Trial(rate = rate, auc = one.auc)
    top = best(tried.done, by = .auc)
    return best = top.auc
'''


def session(folder: Path, act: Callable[[Editor], Awaitable[None]], **options) -> None:
    async def run() -> None:
        async with editing(folder, **options) as editor:
            await act(editor)

    asyncio.run(run())


def texts(edit: p.WorkspaceEdit | None) -> list[tuple[int, int, str]]:
    assert edit is not None
    assert edit.document_changes is not None
    (change,) = edit.document_changes
    assert isinstance(change, p.TextDocumentEdit)
    return [
        (e.range.start.line, e.range.start.character, e.new_text) for e in change.edits if isinstance(e, p.TextEdit)
    ]


def test_errors_come_with_code_help_and_page_and_go_when_mended(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        document = editor.open(TEXT.replace("best(tried.done", "best(tryed.done"))
        (found,) = await editor.diagnostics(document)
        assert found.code == "E0201"
        assert "did you mean `tried`?" in found.message
        assert found.code_description is not None
        assert found.code_description.href.endswith("errors.md#e0201-an-unknown-name")
        assert (found.range.start.line, found.range.start.character, found.range.end.character) == (22, 15, 20)
        version = editor.replace(document, found.range, "tried")
        assert await editor.diagnostics(document, version) == []

    session(tmp_path, act)


def test_notes_become_related_places(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        text = "edsl 1\n\nlet a = b\nlet b = c\nlet c = a\n\npipeline main():\n    assert a > 1\n"
        found = await editor.diagnostics(editor.open(text))
        related = [r for d in found for r in d.related_information or []]
        assert any("a -> b -> c -> a" in r.message for r in related)
        assert {r.location.range.start.line for r in related} > {2}

    session(tmp_path, act)


def test_hover_shows_signatures_docs_types_and_units(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        document = editor.open(TEXT)

        async def over(mark: str, at: str = "", nth: int = 0) -> str:
            found = await editor.text_document_hover_async(p.HoverParams(document, position(TEXT, mark, at, nth)))
            assert found is not None, mark
            assert isinstance(found.contents, p.MarkupContent)
            return found.contents.value

        assert "task fit(" in await over("one = fit", "fit")
        assert "Fit **one** model." in await over("one = fit", "fit")
        assert "input rate: Float in 0.0..1.0 = 0.1" in await over("rate = rate)", "rate")
        assert "rate: Float" in await over("rate = rate)", "rate", 1)
        assert "tried: Fan[Trial]" in await over("best(tried", "tried")
        assert "What came of one fit." in await over("gather Trial", "Trial")
        assert "16GiB = 17,179,869,184 bytes" in await over("16GiB", "6")
        assert "Cores a call may use" in await over("cpu = 4", "cpu")
        assert "How many attempts in all" in await over("attempts = 3", "attempts")
        assert "machine was taken away" in await over("[preempted]", "preempted")
        assert "best(list: List[T], by = .field" in await over("top = best(", "best")
        assert "let limit: Size = 16GiB" in await over("memory = limit", "limit")
        assert (
            await editor.text_document_hover_async(p.HoverParams(document, position(TEXT, "learn(", "learn"))) is None
        )

    session(tmp_path, act)


ATTRIBUTES = """edsl 1

pool campus is slurm:
    node = {cpu: 4, memory: 8GiB}
    partition = "gpu"

task t():
    needs:
        where node.gpu_kind != none
    run shell:
        true

pipeline main():
    t()
    on cancel:
        t()

policy house:
    max_parallel = 3
    minimize offer.latency
"""


@pytest.mark.parametrize(
    ("word", "said"),
    [("partition", "The partition of the cluster."), ("gpu_kind", "The kind of its GPUs"), ("shell", "Stops at the first command"),
     ("cancel", "Runs after the run was cancelled."), ("max_parallel", "How many attempts"), ("latency", "The cold start"),
     ("minimize", "What is best about an offer")],
)  # fmt: skip
def test_hover_tells_attributes_and_settings_of_all_declarations(tmp_path: Path, word: str, said: str) -> None:
    async def act(editor: Editor) -> None:
        document = editor.open(ATTRIBUTES)
        found = await editor.text_document_hover_async(p.HoverParams(document, position(ATTRIBUTES, word)))
        assert found is not None
        assert said in found.contents.value  # type: ignore[union-attr]

    session(tmp_path, act)


def test_definition_references_and_highlights(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        document = editor.open(TEXT)
        at = position(TEXT, "by = .auc", "auc")
        (found,) = await editor.text_document_definition_async(p.DefinitionParams(document, at))  # type: ignore[misc]
        assert isinstance(found, p.Location)
        assert (found.range.start.line, found.range.start.character) == (7, 4)
        context = p.ReferenceContext(include_declaration=True)
        everywhere = await editor.text_document_references_async(p.ReferenceParams(context, document, at))
        assert [r.range.start.line for r in everywhere or []] == [7, 21, 22, 23]
        marks = await editor.text_document_document_highlight_async(p.DocumentHighlightParams(document, at))
        assert next(m.kind for m in marks or []) == p.DocumentHighlightKind.Write

    session(tmp_path, act)


def test_rename_reaches_code_and_refuses_what_cannot_be(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        document = editor.open(TEXT)
        at = position(TEXT, "rate: Float in", "rate")
        prepared = await editor.text_document_prepare_rename_async(p.PrepareRenameParams(document, at))
        assert isinstance(prepared, p.PrepareRenamePlaceholder)
        assert prepared.placeholder == "rate"
        edit = await editor.text_document_rename_async(p.RenameParams(document, at, "speed"))
        assert texts(edit) == [(9, 22, "speed"), (16, 33, "speed"), (20, 24, "speed")]
        for new, why in [("when", "word of the language"), ("rows", "already an input"), ("learn", "already stands")]:
            with pytest.raises(JsonRpcException, match=why):
                await editor.text_document_rename_async(p.RenameParams(document, at, new))
        place = position(TEXT, "foreach", "foreach")
        with pytest.raises(JsonRpcException, match="no name"):
            await editor.text_document_prepare_rename_async(p.PrepareRenameParams(document, place))

    session(tmp_path, act)


LATER = "\npipeline later(rows: Table):\n"
COMPLETIONS = [
    # what is typed at the end of which text → some that are offered, some that are not
    (TEXT + LATER + "    one = fit(rows)\n    two = one.", {"auc", "model"}, {"rows", "cpu"}),
    (TEXT + LATER + "    one = fit(rows)\n    two = max(one.a", {"auc", "model"}, {"rows"}),
    (TEXT + LATER + "    xs = [Trial(rate = 0.1, auc = 0.2)]\n    two = best(xs, by = .", {"rate", "auc"}, {"xs"}),
    (TEXT + LATER + "    a = rows.", {"name", "stem", "suffix", "size"}, {"auc"}),
    (TEXT + LATER + "    a = run.", {"id", "seed", "started_at"}, {"a"}),
    (TEXT + LATER + "    a = fit(", {"rows", "rate", "limit", "len"}, {"fit", "cpu"}),
    (TEXT + LATER + "    a = fit(rows, r", {"rate", "rows"}, {"cpu"}),
    (TEXT + LATER + "    a = fit(rows) with ", {"memory", "retry", "gpu"}, {"image", "budget"}),
    (TEXT + LATER + "    a = fit(rows) with cpu = 2, ", {"memory"}, {"budget"}),
    (TEXT + LATER + "    a = fit(rows) with:\n        ", {"memory", "timeout"}, {"budget", "foreach"}),
    (TEXT + LATER + "    with:\n        ", {"budget", "deadline", "tags"}, {"cpu"}),
    (TEXT + LATER + "    ", {"foreach", "when", "fit", "return"}, {"cpu", "task"}),
    (TEXT + LATER + "    a = fit(rows)\n    b = fit(rows) after ", {"a"}, {"rows", "limit"}),
    (TEXT + LATER + "    xs = foreach x in [1] with ", {"parallel", "batch", "tolerate"}, {"cpu"}),
    (TEXT + LATER + "    xs = foreach x in [1]:\n        y = ", {"x", "rows", "fit", "len"}, {"cpu"}),
    (TEXT + LATER + '    assert 1 > 2, "got {ro', {"rows", "limit"}, {"cpu"}),
    (TEXT + LATER + '    assert 1 > 2, "got {ro} and ', set(), {"rows", "limit"}),
    (TEXT + LATER + "    # about ro", set(), {"rows"}),
    (TEXT + "\ntask other(a: ", {"Int", "Trial", "Size"}, {"limit"}),
    (TEXT + "\ntask other(a: Int, b: List[", {"Int", "Trial"}, {"limit"}),
    (TEXT + "\ntask other(a: Int):\n    ", {"retry", "image", "needs", "run"}, {"foreach", "cpu"}),
    (TEXT + "\ntask other(a: Int):\n    needs:\n        ", {"cpu", "memory", "where"}, {"retry", "foreach"}),
    (TEXT + "\ntask other(a: Int):\n    needs:\n        memory = 8GiB * ", {"attempt", "a", "limit"}, {"fit"}),
    (TEXT + "\ntask other(a: Int):\n    needs:\n        where node.", {"arch", "gpu_kind"}, {"a"}),
    (TEXT + "\ntask other(a: Int):\n    retry = ", {"exponential", "linear"}, {"a"}),
    (TEXT + "\ntask other(a: Int):\n    retry = linear(attempts = 2, ", {"wait", "on"}, {"attempts", "first", "a"}),
    (TEXT + "\ntask other(a: Int):\n    retry = linear(attempts = 2, on = [", {"preempted", "lost"}, {"a"}),
    (TEXT + "\ntask other(a: Int):\n    run ", {"shell", "python"}, {"a"}),
    (TEXT + "\ntask other(a: Int):\n    timeout = 30m", {"30min", "30ms"}, {"a"}),
    (TEXT + "\ntask other(a: Int) -> (b: Int):\n    run shell:\n        echo $", {"a", "OUT/b"}, {"limit"}),
    (TEXT + "\ntask other(a: Int) -> (b: Int):\n    run python:\n        x = ", {"a", "b"}, {"limit"}),
    (TEXT + "\npool campus is hosts:\n    ", {"price", "node", "hosts"}, {"cpu", "foreach"}),
    (TEXT + "\npolicy house:\n    ", {"forbid", "minimize", "max_parallel"}, {"cpu", "foreach"}),
    (TEXT + "\npolicy house:\n    minimize ", {"offer", "limit", "max"}, {"attempt", "fit"}),
    (TEXT + "\npolicy house:\n    minimize offer.", {"cost", "latency"}, {"limit"}),
    (TEXT + "\n", {"task", "pipeline", "let", "type"}, {"foreach"}),
]  # fmt: skip


def test_completion_offers_what_can_stand_there(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        document = editor.open("edsl 1\n")
        for text, wanted, unwanted in COMPLETIONS:
            editor.replace(document, None, text)
            found = await editor.text_document_completion_async(p.CompletionParams(document, position(text, text)))
            assert isinstance(found, p.CompletionList)
            labels = {item.label for item in found.items}
            tail = text.rpartition("\n")[2]
            assert wanted <= labels, (tail, wanted - labels)
            assert not unwanted & labels, (tail, unwanted & labels)

    session(tmp_path, act)


def test_signature_help_follows_the_argument(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        document = editor.open("edsl 1\n")
        for typed, label, active in [
            ("fit(", "fit(rows: Table, rate: Float in 0.0..1.0 = 0.1) -> (auc: Float, model: Model)", 0),
            ("fit(rows, ", "fit(rows: Table", 1),
            ("fit(rate = ", "fit(rows: Table", 1),
            ("max(1, fit(rows, 1 + len([", "len(x", None),
            ("Trial(0.1, auc = ", "Trial(rate: Float, auc: Float)", 1),
        ]:
            text = TEXT + LATER + "    a = " + typed
            editor.replace(document, None, text)
            found = await editor.text_document_signature_help_async(
                p.SignatureHelpParams(document, position(text, text))
            )
            assert found is not None, typed
            assert found.signatures[0].label.startswith(label)
            assert found.active_parameter == active, typed

    session(tmp_path, act)


def test_formatting_outline_and_tokens(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        document = editor.open(TEXT.replace("cpu = 4", "cpu=4"))
        options = p.FormattingOptions(4, True)
        (edit,) = await editor.text_document_formatting_async(p.DocumentFormattingParams(document, options)) or []
        assert edit.new_text == TEXT
        editor.replace(document, None, TEXT)
        assert not await editor.text_document_formatting_async(p.DocumentFormattingParams(document, options))
        found = await editor.text_document_document_symbol_async(p.DocumentSymbolParams(document)) or []
        assert [x.name for x in found] == ["limit", "Trial", "fit", "main"]
        assert isinstance(found[3], p.DocumentSymbol)
        assert [x.name for x in found[3].children or []] == ["rows", "best", "tried", "top", "rate", "one"]
        assert (found[2].range.start.line, found[2].range.end.line) == (9, 16)  # type: ignore[union-attr]
        tokens = await editor.text_document_semantic_tokens_full_async(p.SemanticTokensParams(document))
        assert tokens is not None
        assert len(tokens.data) % 5 == 0
        assert list(tokens.data[:5]) == [2, 4, 5, 3, 3]

    session(tmp_path, act)


@pytest.mark.parametrize(
    ("wrong", "right", "title"),
    [
        ("best(tryed.done", "best(tried.done", "Change to `tried`"),
        ("top = best(tried.doen", "top = best(tried.done", "Change to `done`"),
        ("model: Modle", "model: Model", "Change to `Model`"),
        ("rates: Str", "rates: String", "Change to `String`"),
        ("memroy = limit", "memory = limit", "Change to `memory`"),
        ("foreach rate in [0.1, 0.2]\n", "foreach rate in [0.1, 0.2]:\n", "Add the missing `:`"),
        ("edsl 2\n", "edsl 1\n", "Write `edsl 1`"),
        ("top == best(", "top = best(", "Write `=`"),
    ],
)
def test_mechanical_help_is_a_quick_fix(tmp_path: Path, wrong: str, right: str, title: str) -> None:
    base = TEXT.replace("rows: Table, rate", 'rows: Table, rates: String = "", rate') if "rates" in right else TEXT
    assert right in base

    async def act(editor: Editor) -> None:
        text = base.replace(right, wrong)
        document = editor.open(text)
        found = await editor.diagnostics(document)
        assert found
        fixes = []
        for d in found:
            context = p.CodeActionContext([d])
            fixes += await editor.text_document_code_action_async(p.CodeActionParams(document, d.range, context)) or []
        fix = next(f for f in fixes if isinstance(f, p.CodeAction) and f.title == title)
        assert fix.edit is not None
        assert fix.edit.document_changes is not None
        (change,) = fix.edit.document_changes
        assert isinstance(change, p.TextDocumentEdit)
        (edit,) = change.edits
        assert isinstance(edit, p.TextEdit)
        version = editor.replace(document, edit.range, edit.new_text)
        assert await editor.diagnostics(document, version) == []

    session(tmp_path, act)


def test_edits_by_lines_and_units_reach_the_right_letters(tmp_path: Path) -> None:
    """Characters that take two units, and such as Python counts as line ends, before the place of the edit."""
    for encoding, width in [(p.PositionEncodingKind.Utf16, 2), (p.PositionEncodingKind.Utf8, 4), (None, 2)]:

        async def act(editor: Editor, width: int = width) -> None:
            text = 'edsl 1\n\npipeline main(n: Int):\n    # \u2028 form\x0cfeed\n    assert n > 1, "\U0001f600{n}{m}"\n'
            document = editor.open(text)
            found = [d for d in await editor.diagnostics(document) if d.code == "E0201"]
            (unknown,) = found
            assert (unknown.range.start.line, unknown.range.start.character) == (4, 19 + width + 4)
            version = editor.replace(document, unknown.range, "n")
            after = await editor.diagnostics(document, version)
            assert [d.code for d in after if d.code == "E0201"] == []

        session(tmp_path, act, encodings=[encoding] if encoding else None)


def test_a_request_that_is_cancelled_ends_and_the_server_goes_on(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        steps = "".join(
            f"    a{i} = fit(rows)\n    b{i} = a{i}.auc + 1.0\n    assert b{i} > 0.0\n" for i in range(1500)
        )
        document = editor.open(TEXT + LATER + steps)
        params = p.HoverParams(document, position(TEXT, "one = fit", "fit"))
        asked = editor.protocol.send_request_async(p.TEXT_DOCUMENT_HOVER, params, msg_id="mine")
        editor.cancel_request(p.CancelParams(id="mine"))
        editor.cancel_request(p.CancelParams(id="no such request"))
        with pytest.raises(JsonRpcException) as refused:
            await asked
        assert refused.value.code == p.LSPErrorCodes.RequestCancelled
        small = editor.open(TEXT, "small.edsl")
        assert await editor.diagnostics(small) == []
        assert await editor.diagnostics(document) == []

    session(tmp_path, act)


def test_code_files_beside_the_file_count(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        text = 'edsl 1\n\ntask f() -> (a: Int):\n    run python "code.py:work"\n\npipeline main() -> (a: Int):\n    x = f()\n    return a = x.a\n'
        document = editor.open(text)
        assert [d.code for d in await editor.diagnostics(document)] == ["E0209"]
        (tmp_path / "code.py").write_text("def work():\n    return 1\n")
        editor.published.clear()
        editor.text_document_did_save(p.DidSaveTextDocumentParams(document))
        assert await editor.diagnostics(document) == []

    session(tmp_path, act)


def test_the_server_ends_with_its_editor() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
