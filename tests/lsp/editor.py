"""An editor for tests: the protocol's client on a real `econda lsp` process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from lsprotocol import types as p
from pygls.lsp.client import LanguageClient

PROGRAM = "import sys; from econda_cloud.cli import main; sys.argv = ['econda', 'lsp']; main()"
PATIENCE_S = 30


class Editor(LanguageClient):
    """`published` are the diagnostics of each document as last shown; `news` tells of each time."""

    def __init__(self, folder: Path) -> None:
        super().__init__("tests", "1")
        self.folder = folder
        self.published: dict[str, p.PublishDiagnosticsParams] = {}
        self.complaints: list[str] = []
        self.news = asyncio.Condition()
        self.versions: dict[str, int] = {}

        @self.feature(p.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        async def shown(params: p.PublishDiagnosticsParams) -> None:
            async with self.news:
                self.published[params.uri] = params
                self.news.notify_all()

        @self.feature(p.WINDOW_SHOW_MESSAGE)
        def complained(params: p.ShowMessageParams) -> None:
            self.complaints.append(params.message)

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, text: str, name: str = "main.edsl") -> p.TextDocumentIdentifier:
        uri = self.uri(name)
        self.versions[uri] = 1
        item = p.TextDocumentItem(uri, "edsl", 1, text)
        self.text_document_did_open(p.DidOpenTextDocumentParams(item))
        return p.TextDocumentIdentifier(uri)

    def replace(self, document: p.TextDocumentIdentifier, range_: p.Range | None, text: str) -> int:
        """Edit a document; returns its new version."""
        self.versions[document.uri] += 1
        version = self.versions[document.uri]
        change = p.TextDocumentContentChangeWholeDocument(text) if range_ is None else (
            p.TextDocumentContentChangePartial(range_, text)
        )  # fmt: skip
        identifier = p.VersionedTextDocumentIdentifier(version, document.uri)
        self.text_document_did_change(p.DidChangeTextDocumentParams(identifier, [change]))
        return version

    async def diagnostics(
        self, document: p.TextDocumentIdentifier, version: int = 1, severity: p.DiagnosticSeverity | None = None
    ) -> list[p.Diagnostic]:
        """The errors shown for a version, or what is of another severity, waiting until they are."""

        def there() -> bool:
            shown = self.published.get(document.uri)
            return shown is not None and (shown.version or 0) >= version

        async with asyncio.timeout(PATIENCE_S), self.news:
            await self.news.wait_for(there)
        wanted = severity or p.DiagnosticSeverity.Error
        return [d for d in self.published[document.uri].diagnostics if d.severity == wanted]


@asynccontextmanager
async def editing(folder: Path, encodings: list[p.PositionEncodingKind] | None = None) -> AsyncIterator[Editor]:
    """A session: begun, and ended as the protocol says; the server must end by itself, without complaint."""
    editor = Editor(folder)
    await editor.start_io(sys.executable, "-c", PROGRAM)
    general = p.GeneralClientCapabilities(position_encodings=list(encodings or []) or None)
    capabilities = p.ClientCapabilities(general=general)
    async with asyncio.timeout(PATIENCE_S):
        await editor.initialize_async(p.InitializeParams(capabilities, root_uri=folder.as_uri()))
    editor.initialized(p.InitializedParams())
    try:
        yield editor
    finally:
        async with asyncio.timeout(PATIENCE_S):
            await editor.shutdown_async(None)
            editor.exit(None)
            await editor.stop()
    assert editor.complaints == []


def position(text: str, mark: str, at: str = "", nth: int = 0) -> p.Position:
    """The position of `at` inside the first occurrence of `mark`, or of the end of `mark`."""
    start = text.index(mark)
    if at:
        inner = -1
        for _ in range(nth + 1):
            inner = mark.index(at, inner + 1)
        start += inner
    else:
        start += len(mark)
    line = text.count("\n", 0, start)
    return p.Position(line, start - (text.rfind("\n", 0, start) + 1))
