"""All commands of `econda` in one program."""

from __future__ import annotations

import typer

from econda_cloud.cli import cloud, docs, editor, emitting, importing, language, lint, pipelines, runs
from econda_cloud.cli.local import app as local_app

app = typer.Typer(
    no_args_is_help=True,
    help="Run pipelines written in EDSL: on this machine, or on a team's own stack in the cloud.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in (pipelines.run, pipelines.rerun, pipelines.check, pipelines.graph, pipelines.lock):
    app.command()(command)
for command in (language.fmt, language.explain, lint.lint, docs.docs, editor.lsp):
    app.command()(command)
app.command(name="import")(importing.import_)
app.command()(emitting.emit)
app.add_typer(local_app, name="local")
for command in (cloud.up, cloud.destroy, cloud.submit, cloud.watch, cloud.cancel):
    app.command()(command)
app.command(name="dead-letters")(cloud.dead_letters)
for command in (runs.runs, runs.show, runs.why, runs.logs, runs.replay):
    app.command()(command)
