"""The command that editors start."""

from __future__ import annotations

from typing import Annotated

import typer

from econda_cloud.cli.language.files_beside import files_beside
from econda_cloud.cli.output import USAGE, stop


def lsp(
    stdio: Annotated[
        bool, typer.Option("--stdio", help="speak on standard input and output; the only way there is")
    ] = True,
) -> None:
    """Serve an editor with errors, completion and more while typing. Example: econda lsp"""
    try:
        from econda_edsl.lsp.server import serve
    except ImportError as error:
        stop(f"error: `{error.name}` is not installed; `pip install 'econda-cloud[lsp]'` installs it", USAGE)
    if not stdio:
        stop("error: the server speaks on standard input and output only; leave out `--no-stdio`", USAGE)
    serve(files_beside)
