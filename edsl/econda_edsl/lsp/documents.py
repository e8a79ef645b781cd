"""Open documents and what is known of them: one analysis per version, made beside the loop that answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from urllib.parse import unquote, urlsplit

from lsprotocol import types as p

from econda_edsl.index.analysis import Analysis, analyse
from econda_edsl.index.memory import Memory
from econda_edsl.lsp.texts import Text

# Seconds of quiet before a change is examined: as long as the last examination took, within these.
SHORTEST_WAIT, LONGEST_WAIT = 0.05, 1.0
CODE_SUFFIXES = frozenset({".py", ".sh", ".edsl"})
CODE_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class Document:
    """One open file. `took` is how many seconds its last examination lasted."""

    uri: str
    text: Text
    version: int
    memory: Memory = field(default_factory=Memory)
    analysis: Analysis | None = None
    analysed: int = -1
    running: asyncio.Future[Analysis] | None = None
    running_version: int = -1
    waiting: asyncio.Task[None] | None = None
    took: float = 0.0


class Documents:
    """All open documents. `examined` is called with each document whose newest version has been examined."""

    def __init__(self, executor: Executor, examined: Callable[[Document], Awaitable[None]]) -> None:
        self._open: dict[str, Document] = {}
        self._executor = executor
        self._examined = examined

    def get(self, uri: str) -> Document | None:
        return self._open.get(uri)

    def all(self) -> list[Document]:
        return list(self._open.values())

    def open(self, uri: str, source: str, version: int, encoding: str) -> None:
        self.close(uri)
        self._open[uri] = Document(uri, Text(source, encoding), version)
        self._later(self._open[uri], 0)

    def change(self, uri: str, version: int, changes: list[p.TextDocumentContentChangeEvent]) -> None:
        document = self._open.get(uri)
        if document is None:
            return
        for change in changes:
            document.text.change(change)
        document.version = version
        self._later(document, min(LONGEST_WAIT, max(SHORTEST_WAIT, document.took)))

    def close(self, uri: str) -> None:
        document = self._open.pop(uri, None)
        if document is not None and document.waiting is not None:
            document.waiting.cancel()

    def refresh(self) -> None:
        """Examine all again: a file beside them has changed."""
        for document in self._open.values():
            document.analysed = -1
            self._later(document, SHORTEST_WAIT)

    async def analysis(self, document: Document) -> Analysis:
        """The analysis of the newest version, made now if there is none. A later change does not disturb it."""
        while document.analysis is None or document.analysed != document.version:
            if document.running is None:
                document.running_version = document.version
                loop = asyncio.get_running_loop()
                document.running = loop.run_in_executor(self._executor, _examine, document, document.text.source)
            running, version = document.running, document.running_version
            # Shielded: who asked may go away, the next one still wants the answer.
            try:
                result = await asyncio.shield(running)
            finally:
                if document.running is running and running.done():
                    document.running = None
            document.analysis, document.analysed = result, version
        return document.analysis

    def _later(self, document: Document, wait: float) -> None:
        if document.waiting is not None:
            document.waiting.cancel()
        document.waiting = asyncio.get_running_loop().create_task(self._examine_after(document, wait))

    async def _examine_after(self, document: Document, wait: float) -> None:
        await asyncio.sleep(wait)
        await self.analysis(document)
        if self._open.get(document.uri) is document:
            await self._examined(document)


def _examine(document: Document, source: str) -> Analysis:
    started = perf_counter()
    result = analyse(source, files_beside(document.uri), document.memory)
    document.took = perf_counter() - started
    return result


def files_beside(uri: str) -> dict[str, bytes]:
    """The code files in the folder of a document, by name; those that cannot be read are left out."""
    path = path_of(uri)
    if path is None:
        return {}
    found: dict[str, bytes] = {}
    try:
        for file in sorted(path.parent.iterdir()):
            if file.suffix in CODE_SUFFIXES and file != path and file.is_file() and file.stat().st_size <= CODE_BYTES:
                found[file.name] = file.read_bytes()
    except OSError:
        return found
    return found


def path_of(uri: str) -> Path | None:
    """The path of a `file:` address; None for others."""
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None
