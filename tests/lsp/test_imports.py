"""Names of other files, over the protocol: found, explained, completed; their errors shown where they are imported."""

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types as p
from pygls.exceptions import JsonRpcException

from tests.lsp.editor import Editor, editing, position

HOUSE = """edsl 1

## One trial.
type Trial:
    rate: Float
    auc: Float

## Fits once.
task fit(rate: Float = 0.1) -> (auc: Float):
    run python:
        auc = rate

let most = 10
"""
MAIN = """edsl 1

import "./house.edsl" as house
import "econda/ml" @ "^1.2" as ml
from "./house.edsl" import fit, Trial

pipeline main(n: Int) -> (best: Float):
    one = house.fit(rate = 0.2)
    two = fit(rate = 0.3)
    found = Trial(rate = 0.1, auc = two.auc)
    asked = ml.suggest({x: ml.uniform(0.0, 1.0)}, n = house.most)
    assert len(asked.points) > n
    return best = one.auc + found.auc
"""


async def _definition(editor: Editor, document: p.TextDocumentIdentifier, mark: str, at: str) -> list[tuple[str, int]]:
    found = await editor.text_document_definition_async(p.DefinitionParams(document, position(MAIN, mark, at)))
    assert isinstance(found, list | tuple)
    return [(x.uri.rpartition("/")[2], x.range.start.line) for x in found if isinstance(x, p.Location)]


def test_names_lead_into_the_other_file(tmp_path: Path) -> None:
    (tmp_path / "house.edsl").write_text(HOUSE)

    async def run() -> None:
        async with editing(tmp_path) as editor:
            document = editor.open(MAIN)
            assert [d.message for d in await editor.diagnostics(document)] == []
            assert await _definition(editor, document, "house.fit(", "fit") == [("house.edsl", 8)]
            assert await _definition(editor, document, "house.fit(rate", "rate") == [("house.edsl", 8)]
            assert await _definition(editor, document, "house.fit(rate", "house") == [("house.edsl", 0)]
            assert await _definition(editor, document, "two = fit", "fit") == [("house.edsl", 8)]
            assert await _definition(editor, document, "found.auc", "auc") == [("house.edsl", 5)]
            assert await _definition(editor, document, "one.auc", "auc") == [("house.edsl", 8)]
            found = await editor.text_document_hover_async(
                p.HoverParams(document, position(MAIN, "ml.suggest", "suggest"))
            )
            assert found is not None
            assert isinstance(found.contents, p.MarkupContent)
            assert "points: List[Params]" in found.contents.value
            at = position(MAIN, "two = fit", "fit")
            with pytest.raises(JsonRpcException, match=r"comes from \./house\.edsl"):
                await editor.text_document_rename_async(p.RenameParams(document, at, "fits"))
            text = MAIN + "    x = house."
            editor.replace(document, None, text)
            offered = await editor.text_document_completion_async(p.CompletionParams(document, position(text, text)))
            assert isinstance(offered, p.CompletionList)
            assert {"fit", "Trial", "most"} <= {item.label for item in offered.items}

    asyncio.run(run())


def test_an_open_file_counts_as_it_is_in_the_editor(tmp_path: Path) -> None:
    (tmp_path / "house.edsl").write_text(HOUSE)

    async def run() -> None:
        async with editing(tmp_path) as editor:
            document = editor.open(MAIN)
            assert await editor.diagnostics(document) == []
            editor.open(HOUSE.replace("let most = 10", 'let most = "ten" + 1'), "house.edsl")
            editor.published.clear()
            version = editor.replace(document, None, MAIN + "\n")
            shown = await editor.diagnostics(document, version)
            about = next(d for d in shown if "house.edsl has 1 error" in d.message)
            assert about.range.start.line == 2
            (related,) = about.related_information or []
            assert related.location.uri.endswith("/house.edsl")
            assert related.location.range.start.line == 12

    asyncio.run(run())
