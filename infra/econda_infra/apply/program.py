"""Runs a Pulumi program in this process. Pulumi's own mocks stand in for its engine and ask an Applier instead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import Any

from econda_adapters.aws.clients import CONNECTIONS
from pulumi.runtime import mocks
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_pulumi_func

from econda_infra.apply.applier import Applier

PROJECT = "econda"

_one_at_a_time = Lock()  # not all that Pulumi keeps is in context variables


class _Engine(mocks.Mocks):
    """Pulumi calls from several threads. After a first failure nothing more is begun."""

    def __init__(self, applier: Applier) -> None:
        self._applier = applier
        self.failure: Exception | None = None

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise NotImplementedError(f"the program asks for {args.token}, which no emulator answers")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if not args.custom:
            return "", {}
        if self.failure is not None:
            raise self.failure
        try:
            made = self._applier.apply(f"{args.typ}::{args.name}", args.typ, args.name, args.inputs)
        except Exception as error:
            self.failure = self.failure or error
            raise
        return made.id, {**args.inputs, **made.outputs}


def run(team: str, program: Callable[[], None], applier: Applier) -> None:
    """Run the program to its end. Raises what the first resource that failed raised."""
    with _one_at_a_time:
        asyncio.run(_run(team, program, _Engine(applier)))


async def _run(team: str, program: Callable[[], None], engine: _Engine) -> None:
    """What Pulumi is told here it keeps in context variables of this task, so that nothing of it stays behind."""
    with _threads() as threads:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(threads)
        # A failure travels to every resource that waited for the failed one; it is raised once, below.
        loop.set_exception_handler(lambda *_: None)
        # What a run that failed was still waiting for, on an event loop that is closed now.
        SETTINGS.rpc_manager.clear()  # pyright: ignore[reportAttributeAccessIssue]
        SETTINGS.outputs.clear()  # pyright: ignore[reportAttributeAccessIssue]
        mocks.set_mocks(engine, project=PROJECT, stack=team, preview=False, logger=_silent())
        try:
            await run_pulumi_func(program)
        except Exception:
            if engine.failure is None:
                raise
        if engine.failure is not None:
            raise engine.failure


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Threads with an event loop each, which Pulumi's mocks need and would never close."""
    loops: list[asyncio.AbstractEventLoop] = []

    def begin() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    try:
        with ThreadPoolExecutor(CONNECTIONS, initializer=begin) as threads:
            yield threads
    finally:
        for loop in loops:
            loop.close()


def _silent() -> logging.Logger:
    """Failures are raised, so Pulumi need not print them too."""
    logger = logging.Logger("pulumi in process")
    logger.addHandler(logging.NullHandler())
    return logger
