"""Commands that are imported when they are typed: `econda --help` knows of each its name and one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

import typer
from typer.core import TyperGroup

from econda_cloud.cli.ending import ReaderGone, Said, ended
from econda_cloud.cli.output import USAGE, Stopped, as_json
from econda_cloud.cli.plain_parameters import make_plain


class Lazy(NamedTuple):
    """Where a command is: a function, or a `Typer` with commands of its own; and what it does, in one line."""

    module: str
    name: str
    help: str

    def load(self, called: str) -> Any:
        found = getattr(import_module(self.module), self.name)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(add_completion=False, rich_markup_mode=None)
            single.command(called)(found)
            found = single
        found.info.name = called
        command = typer.main.get_command(found)
        make_plain(command)
        return command


class LazyGroup(TyperGroup):
    """The commands of `table`, by name."""

    table: Mapping[str, Lazy] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands and cmd_name in self.table:
            self.commands[cmd_name] = self.table[cmd_name].load(cmd_name)
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Whoever mistypes a command is told of one that there is: typer suggests from those it has loaded."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            from econda_edsl.diagnostics.spelling import did_you_mean

            hint = did_you_mean(args[0], self.table)
            ctx.fail(f"there is no command `{args[0]}`; {hint or '`econda --help` lists them'}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.help) for name, each in self.table.items()])

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Stopped as stopped:
            raise Said(stopped) from None
        except BrokenPipeError:
            raise ReaderGone from None

    def main(self, args: Sequence[str] | None = None, *more: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run a command and end the process as it ended."""
        words = list(sys.argv[1:] if args is None else args)

        def command() -> object:
            _check_text(words)
            return super(LazyGroup, self).main(words, *more, standalone_mode=False, **extra)

        if not standalone_mode:
            return command()
        make_plain(self)
        token = as_json.set("--json" in words)
        try:
            _leave(ended(command))
        finally:
            as_json.reset(token)


def _check_text(words: Sequence[str]) -> None:
    """Names of files need not be text; all else has to be."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            if not os.path.lexists(word):
                raise Said(Stopped(f"error: {word!a} is neither text in UTF-8 nor the name of a file", USAGE)) from None


def _leave(code: int) -> NoReturn:
    raise SystemExit(code)
