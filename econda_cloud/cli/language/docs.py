"""Pages for those who use a pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from econda_edsl.compiler.modules.bundle import BundleError
from econda_edsl.compiler.parse.layout import decode
from econda_edsl.diagnostics.render import render
from econda_edsl.documenting.pages import NotDocumented, Page, file_page, index_page

from econda_cloud.cli.language.files_beside import files_beside
from econda_cloud.cli.output import NOT_COMPILED, USAGE, stop

Sources = Annotated[list[Path] | None, typer.Argument(help=".edsl files, or folders of them; without any, this folder")]


def docs(
    files: Sources = None,
    to: Annotated[Path, typer.Option("-o", "--output", help="the folder to write")] = Path("build/docs"),
    html: Annotated[bool, typer.Option("--html", help="HTML instead of Markdown")] = False,
) -> None:
    """Write a page per file from its docs and signatures. Example: econda docs pipelines -o site --html"""
    sources = _sources(files or [Path()])
    if not sources:
        stop("error: there is no .edsl file here; name files or folders", USAGE)
    pages: list[Page] = []
    for file in sources:
        pages.append(_page(file, {p.name for p in pages}))
    texts = {f"{p.name}.md": (p.markdown, p.title) for p in pages}
    texts["index.md"] = (index_page(pages), "Pipelines")
    written = {name: text for name, (text, _) in texts.items()}
    if html:
        written = _as_html(texts)
    written.update({name: picture for p in pages for name, picture in p.pictures.items()})
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            (to / name).write_text(text, "utf-8")
    except OSError as error:
        stop(f"error: cannot write {to}: {error.strerror}", USAGE)
    typer.echo(
        f"{len(pages)} page{'s' * (len(pages) != 1)} in {to}, begin with {to / ('index.html' if html else 'index.md')}"
    )


def _as_html(texts: dict[str, tuple[str, str]]) -> dict[str, str]:
    try:
        from econda_edsl.documenting.html import to_html
    except ImportError as error:
        stop(f"error: `{error.name}` is not installed; `pip install 'econda-cloud[pages]'` installs it", USAGE)
    return {name.removesuffix(".md") + ".html": to_html(text, title) for name, (text, title) in texts.items()}


def _sources(paths: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*.edsl")) if path.is_dir() else [path]
        found += [file for file in inside if file not in found and ".venv" not in file.parts]
    return found


def _page(file: Path, taken: set[str]) -> Page:
    """The page of a file, under a name that no other page has. Ends the command for a file with errors."""
    try:
        data = file.read_bytes()
        beside = files_beside(file, data)
    except OSError as error:
        stop(f"error: cannot read {file}: {error.strerror}", USAGE)
    except BundleError as error:
        stop(f"error: {file}: {error}", USAGE)
    text, problems = decode(data)
    name, number = file.stem, 2
    while name in taken or name == "index":
        name, number = f"{file.stem}-{number}", number + 1
    try:
        if problems:
            raise NotDocumented(tuple(problems))
        return file_page(text, str(file), name, beside)
    except NotDocumented as error:
        stop(render(error.diagnostics, text, str(file)), NOT_COMPILED)
