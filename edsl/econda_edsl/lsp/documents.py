"""Open documents and what is known of them: one analysis per version, made beside the loop that answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, perf_counter
from urllib.parse import unquote, urlsplit

from lsprotocol import types as p

from econda_edsl.compiler.modules.bundle import BundleError
from econda_edsl.index.analysis import Analysis, analyse
from econda_edsl.index.memory import Memory
from econda_edsl.lsp.texts import Text

# Seconds of quiet before a change is examined: as long as the last examination took, within these. One runs at a time,
# and the next one takes the newest text, so a longer pause would only be felt.
SHORTEST_WAIT, LONGEST_WAIT = 0.05, 0.15
# Seconds for which files beside a document are taken to be as they were; saving anything ends it.
FILES_KEPT = 5.0

Beside = Callable[[Path, bytes], Mapping[str, bytes]]


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
    files: Mapping[str, bytes] = field(default_factory=dict)
    files_until: float = 0.0

    @property
    def path(self) -> Path | None:
        return path_of(self.uri)


class Documents:
    """All open documents. `examined` is called with each document whose newest version has been examined.

    `beside` finds the other files of the bundle that a file's text speaks of; it may raise `BundleError`.
    """

    def __init__(self, executor: Executor, examined: Callable[[Document], Awaitable[None]], beside: Beside) -> None:
        self._open: dict[str, Document] = {}
        self._executor = executor
        self._examined = examined
        self._beside = beside

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
            document.analysed, document.files_until = -1, 0.0
            self._later(document, SHORTEST_WAIT)

    async def analysis(self, document: Document) -> Analysis:
        """The analysis of the newest version, made now if there is none. A later change does not disturb it."""
        while document.analysis is None or document.analysed != document.version:
            if document.running is None:
                document.running_version = document.version
                loop = asyncio.get_running_loop()
                document.running = loop.run_in_executor(self._executor, self._examine, document, document.text.source)
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

    def _examine(self, document: Document, source: str) -> Analysis:
        """On the thread that examines."""
        started = perf_counter()
        name = document.path.name if document.path else "pipeline.edsl"
        result = analyse(source, self.files(document, source), document.memory, name)
        document.took = perf_counter() - started
        return result

    def files(self, document: Document, source: str) -> Mapping[str, bytes]:
        """The other files of a document's bundle, those that are open as they are in the editor."""
        path = document.path
        if path is None:
            return {}
        if monotonic() > document.files_until:
            try:
                document.files = self._beside(path, source.encode("utf-8", "surrogatepass"))
            except (OSError, BundleError):
                document.files = {}
            document.files_until = monotonic() + FILES_KEPT
        opened = {d.path: d for d in self.all() if d is not document and d.path is not None}
        here = {
            other.relative_to(path.parent).as_posix(): d for other, d in opened.items() if _below(other, path.parent)
        }
        if not here:
            return document.files
        return {**document.files, **{n: d.text.source.encode("utf-8", "surrogatepass") for n, d in here.items()}}


def _below(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder)


def path_of(uri: str) -> Path | None:
    """The path of a `file:` address; None for others."""
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None
