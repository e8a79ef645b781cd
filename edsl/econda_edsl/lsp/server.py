"""`econda lsp`: the protocol's requests, each handed to the room that answers it."""

# Every request has the same two parameters, used or not.
# ruff: noqa: ARG001

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata

from lsprotocol import types as p
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from econda_edsl.formatting.source import format_source
from econda_edsl.index.analysis import Analysis
from econda_edsl.index.rename import CannotRename
from econda_edsl.lsp import navigation
from econda_edsl.lsp.actions import actions
from econda_edsl.lsp.completion import TRIGGERS, complete
from econda_edsl.lsp.documents import Beside, Document, Documents
from econda_edsl.lsp.findings import published
from econda_edsl.lsp.hover import hover
from econda_edsl.lsp.outline import TOKEN_MODIFIERS, TOKEN_TYPES, outline, tokens
from econda_edsl.lsp.signatures import signature_help
from econda_edsl.lsp.texts import Text

_REQUEST_FAILED = -32803


class _Refused(JsonRpcException):
    """A request that cannot be granted; the editor shows the message."""

    CODE = _REQUEST_FAILED
    MESSAGE = "refused"


class EdslServer(LanguageServer):
    """One editor's server: the documents it has open, examined one after the other on a thread beside the answers."""

    def __init__(self, beside: Beside) -> None:
        super().__init__("econda", metadata.version("econda-cloud"), p.TextDocumentSyncKind.Incremental)
        self.examiner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="examine")
        self.documents = Documents(self.examiner, self.publish, beside)

    @property
    def encoding(self) -> str:
        return str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding) or "utf-16")

    async def publish(self, document: Document) -> None:
        """Show what is wrong with the newest version of a document."""
        analysis, version = document.analysis, document.analysed
        if analysis is None:
            return
        # Columns are counted in the lines that were examined: the text may have gone on.
        text = Text(analysis.text, document.text.encoding)
        found = await asyncio.get_running_loop().run_in_executor(self.examiner, published, text, document.uri, analysis)
        if self.documents.get(document.uri) is document and document.version == version:
            self.text_document_publish_diagnostics(p.PublishDiagnosticsParams(document.uri, found, version))

    async def known(self, identifier: p.TextDocumentIdentifier) -> tuple[Document, Analysis] | None:
        """A document that is open, with the analysis of its newest version."""
        document = self.documents.get(identifier.uri)
        return None if document is None else (document, await self.documents.analysis(document))


def make_server(beside: Beside) -> EdslServer:
    """A server with all requests registered. `beside` finds the other files of a file's bundle."""
    server = EdslServer(beside)
    _register_sync(server)
    _register_reading(server)
    _register_navigation(server)
    _register_writing(server)
    return server


def serve(beside: Beside) -> None:
    """Speak the protocol on standard input and output until the editor ends it."""
    logging.basicConfig(level=logging.WARNING)
    server = make_server(beside)
    try:
        server.start_io()
    finally:
        server.examiner.shutdown(wait=False, cancel_futures=True)


def _complete(ls: EdslServer, document: Document, analysis: Analysis, line: int, column: int) -> list[p.CompletionItem]:
    files = ls.documents.files(document, analysis.text)
    return complete(document.text, analysis, line, column, files, document.memory)


def _register_sync(server: EdslServer) -> None:
    @server.feature(p.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: EdslServer, params: p.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        ls.documents.open(document.uri, document.text, document.version, ls.encoding)

    @server.feature(p.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: EdslServer, params: p.DidChangeTextDocumentParams) -> None:
        ls.documents.change(params.text_document.uri, params.text_document.version, list(params.content_changes))

    @server.feature(p.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: EdslServer, params: p.DidCloseTextDocumentParams) -> None:
        ls.documents.close(params.text_document.uri)
        ls.text_document_publish_diagnostics(p.PublishDiagnosticsParams(params.text_document.uri, []))

    @server.feature(p.TEXT_DOCUMENT_DID_SAVE)
    def saved(ls: EdslServer, params: p.DidSaveTextDocumentParams) -> None:
        ls.documents.refresh()

    @server.feature(p.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def watched(ls: EdslServer, params: p.DidChangeWatchedFilesParams) -> None:
        ls.documents.refresh()


def _register_reading(server: EdslServer) -> None:
    @server.feature(p.TEXT_DOCUMENT_HOVER)
    async def hovered(ls: EdslServer, params: p.HoverParams) -> p.Hover | None:
        if (known := await ls.known(params.text_document)) is None:
            return None
        document, analysis = known
        return hover(document.text, analysis, *document.text.place(params.position))

    @server.feature(p.TEXT_DOCUMENT_SIGNATURE_HELP, p.SignatureHelpOptions(["(", ","], [","]))
    async def signed(ls: EdslServer, params: p.SignatureHelpParams) -> p.SignatureHelp | None:
        if (known := await ls.known(params.text_document)) is None:
            return None
        document, analysis = known
        return signature_help(document.text, analysis, *document.text.place(params.position))

    @server.feature(p.TEXT_DOCUMENT_COMPLETION, p.CompletionOptions(trigger_characters=list(TRIGGERS)))
    async def completed(ls: EdslServer, params: p.CompletionParams) -> p.CompletionList:
        if (known := await ls.known(params.text_document)) is None:
            return p.CompletionList(False, [])
        document, analysis = known
        place = document.text.place(params.position)
        loop = asyncio.get_running_loop()
        # On the thread that examines: completing after a dot examines the text once more, with the same memory.
        items = await loop.run_in_executor(ls.examiner, _complete, ls, document, analysis, *place)
        return p.CompletionList(False, items)

    @server.feature(p.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def outlined(ls: EdslServer, params: p.DocumentSymbolParams) -> list[p.DocumentSymbol]:
        known = await ls.known(params.text_document)
        return [] if known is None else outline(known[0].text, known[1])

    @server.feature(
        p.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, p.SemanticTokensLegend(list(TOKEN_TYPES), list(TOKEN_MODIFIERS))
    )
    async def coloured(ls: EdslServer, params: p.SemanticTokensParams) -> p.SemanticTokens:
        known = await ls.known(params.text_document)
        return p.SemanticTokens([] if known is None else tokens(known[0].text, known[1]))


def _register_navigation(server: EdslServer) -> None:
    @server.feature(p.TEXT_DOCUMENT_DEFINITION)
    async def defined(ls: EdslServer, params: p.DefinitionParams) -> list[p.Location]:
        if (known := await ls.known(params.text_document)) is None:
            return []
        document, analysis = known
        place = document.text.place(params.position)
        return navigation.definition(document.text, document.uri, analysis, place, ls.documents)

    @server.feature(p.TEXT_DOCUMENT_REFERENCES)
    async def referred(ls: EdslServer, params: p.ReferenceParams) -> list[p.Location]:
        if (known := await ls.known(params.text_document)) is None:
            return []
        document, analysis = known
        place, own = document.text.place(params.position), params.context.include_declaration
        return navigation.references(document.text, document.uri, analysis, place, own)

    @server.feature(p.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    async def highlighted(ls: EdslServer, params: p.DocumentHighlightParams) -> list[p.DocumentHighlight]:
        if (known := await ls.known(params.text_document)) is None:
            return []
        document, analysis = known
        return navigation.highlights(document.text, analysis, document.text.place(params.position))


def _register_writing(server: EdslServer) -> None:
    @server.feature(p.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepared(ls: EdslServer, params: p.PrepareRenameParams) -> p.PrepareRenamePlaceholder | None:
        if (known := await ls.known(params.text_document)) is None:
            return None
        document, analysis = known
        try:
            return navigation.prepare_rename(document.text, analysis, document.text.place(params.position))
        except CannotRename as error:
            raise _Refused(str(error), _REQUEST_FAILED) from None

    @server.feature(p.TEXT_DOCUMENT_RENAME, p.RenameOptions(prepare_provider=True))
    async def renamed(ls: EdslServer, params: p.RenameParams) -> p.WorkspaceEdit | None:
        if (known := await ls.known(params.text_document)) is None:
            return None
        document, analysis = known
        place = document.text.place(params.position)
        try:
            return navigation.renaming(document.text, document.uri, document.version, analysis, place, params.new_name)
        except CannotRename as error:
            raise _Refused(str(error), _REQUEST_FAILED) from None

    @server.feature(p.TEXT_DOCUMENT_FORMATTING)
    async def formatted(ls: EdslServer, params: p.DocumentFormattingParams) -> list[p.TextEdit] | None:
        document = ls.documents.get(params.text_document.uri)
        if document is None:
            return None
        source = document.text.source
        result = await asyncio.get_running_loop().run_in_executor(ls.examiner, format_source, source)
        if result.text is None or result.text == source or document.text.source != source:
            return None
        last = len(document.text.lines)
        end = document.text.position(last, len(document.text.line(last)) + 1)
        return [p.TextEdit(p.Range(p.Position(0, 0), end), result.text)]

    @server.feature(p.TEXT_DOCUMENT_CODE_ACTION, p.CodeActionOptions([p.CodeActionKind.QuickFix]))
    async def acted(ls: EdslServer, params: p.CodeActionParams) -> list[p.CodeAction]:
        if (known := await ls.known(params.text_document)) is None:
            return []
        document, analysis = known
        return actions(document.text, document.uri, document.version, analysis, params.range)
