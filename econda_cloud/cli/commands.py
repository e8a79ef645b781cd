"""All commands of `econda` in one program."""

from __future__ import annotations

import typer

from econda_cloud.cli.language import docs, emit, imports, lint, lsp, run_here, text
from econda_cloud.cli.runs import commands as runs
from econda_cloud.cli.stack import commands as stack
from econda_cloud.cli.stack import dead_letters, secrets
from econda_cloud.cli.stack.emulators import app as local_app

app = typer.Typer(
    no_args_is_help=True,
    help="Run pipelines written in EDSL: on this machine, or on a team's own stack in the cloud.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in (run_here.run, run_here.rerun, run_here.check, run_here.graph, run_here.lock):
    app.command()(command)
for command in (text.fmt, text.explain, lint.lint, docs.docs, lsp.lsp):
    app.command()(command)
app.command(name="import")(imports.import_)
app.command()(emit.emit)
app.add_typer(local_app, name="local")
for command in (stack.up, stack.destroy, stack.submit, stack.watch, stack.cancel):
    app.command()(command)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(secrets.app, name="secrets")
for command in (runs.runs, runs.show, runs.why, runs.logs, runs.replay):
    app.command()(command)
