"""From a use to its definition, from a definition to its uses, and to another name for all of them."""

from __future__ import annotations

from lsprotocol import types as p

from econda_edsl.diagnostics import Span
from econda_edsl.index.analysis import Analysis
from econda_edsl.index.rename import CannotRename, check_renamable, rename
from econda_edsl.lsp.documents import Documents, path_of
from econda_edsl.lsp.texts import Text


def definition(text: Text, uri: str, analysis: Analysis, place: tuple[int, int], open_: Documents) -> list[p.Location]:
    """Where the symbol at a place is bound; in its own file if it was imported from one."""
    reference = analysis.index.at(*place)
    if reference is None or reference.symbol.kind == "built-in":
        return []
    symbol = reference.symbol
    if symbol.target is None:
        return [p.Location(uri, text.range(span)) for span in symbol.spans]
    target, span = symbol.target
    return _elsewhere(uri, target, span, text.encoding, open_)


def _elsewhere(uri: str, target: str, span: Span, encoding: str, open_: Documents) -> list[p.Location]:
    """A place in another file of the bundle, as the editor has it or as it lies on the disk."""
    here = path_of(uri)
    if here is None:
        return []
    path = here.parent / target
    document = open_.get(path.as_uri())
    if document is not None:
        return [p.Location(document.uri, document.text.range(span))]
    try:
        other = Text(path.read_text("utf-8"), encoding)
    except (OSError, UnicodeDecodeError):
        return []
    return [p.Location(path.as_uri(), other.range(span))]


def references(text: Text, uri: str, analysis: Analysis, place: tuple[int, int], own: bool) -> list[p.Location]:
    """All places that speak of the symbol at a place, its definitions if `own`."""
    reference = analysis.index.at(*place)
    if reference is None:
        return []
    found = [r.span for r in analysis.index.of(reference.symbol) if own or not r.binds]
    if own:
        found += [span for span in reference.symbol.spans if span not in found and span.line]
    return [p.Location(uri, text.range(span)) for span in sorted(found, key=_order)]


def highlights(text: Text, analysis: Analysis, place: tuple[int, int]) -> list[p.DocumentHighlight]:
    """The same places, for marking in the text."""
    reference = analysis.index.at(*place)
    if reference is None:
        return []
    kinds = {True: p.DocumentHighlightKind.Write, False: p.DocumentHighlightKind.Read}
    return [p.DocumentHighlight(text.range(r.span), kinds[r.binds]) for r in analysis.index.of(reference.symbol)]


def prepare_rename(text: Text, analysis: Analysis, place: tuple[int, int]) -> p.PrepareRenamePlaceholder:
    """What would be renamed. Raises `CannotRename`."""
    reference = analysis.index.at(*place)
    if reference is None:
        raise CannotRename("there is no name to change here")
    check_renamable(reference.symbol)
    return p.PrepareRenamePlaceholder(text.range(reference.span), reference.symbol.name)


def renaming(
    text: Text, uri: str, version: int, analysis: Analysis, place: tuple[int, int], new: str
) -> p.WorkspaceEdit:
    """The edits that give the symbol at a place another name. Raises `CannotRename`."""
    reference = analysis.index.at(*place)
    if reference is None:
        raise CannotRename("there is no name to change here")
    if any(d.code.startswith("E01") for d in analysis.diagnostics):
        raise CannotRename(
            "the file has errors of syntax; mend them first, or uses in those lines would be left behind"
        )
    edits = [p.TextEdit(text.range(span), to) for span, to in rename(analysis, reference.symbol, new)]
    document = p.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version)
    return p.WorkspaceEdit(document_changes=[p.TextDocumentEdit(document, list(edits))])


def _order(span: Span) -> tuple[int, int]:
    return span.line, span.column
