"""Runs ministack inside its own environment, with the few things the local cloud needs beyond it.

1. Only AWS itself may put events whose source begins with `aws.`, and ministack enforces that as AWS does. The local
   Batch endpoint is AWS itself here: it shows a token, in the entry's `TraceHeader`, that ministack's own services
   do not need.
2. AWS keeps asynchronous invocations, over throttles too; see invocations.py.
3. ministack hands a Lambda function at most 10 messages of a queue at once, whatever the mapping's `BatchSize`; on
   AWS it may be 10 000. And it changes queues by several threads at once. See queues.py.
4. ministack looks at schedules every ten seconds; here every second, so that a schedule fires when it should.
5. On AWS a function makes a log group only where its role may, and no role of a stack may; ministack makes it always,
   so that a function which still ran when its stack was destroyed would leave one behind.
6. Requests are counted as AWS bills them; see counting.py.
7. What AWS keeps survives the process here: the state is saved while it runs, and put back when it starts; see
   saver.py (when), stores.py (what) and snapshot.py (how).
8. A function's code is unpacked once, not for each process that runs it; see unpacking.py.
9. ministack holds the answer of a function that wrote no log line back for 50 ms, in case one is still on its way; here
   for 5.

This file is executed by path, in an environment without econda_local: it imports ministack and its neighbour only.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import urllib.request
from importlib.metadata import version
from pathlib import Path

import counting  # pyright: ignore[reportMissingImports]
import invocations  # pyright: ignore[reportMissingImports]
import ministack.app as gateway  # pyright: ignore[reportMissingImports]
import queues  # pyright: ignore[reportMissingImports]
import snapshot  # pyright: ignore[reportMissingImports]
import stores  # pyright: ignore[reportMissingImports]
import unpacking  # pyright: ignore[reportMissingImports]
from ministack.core import lambda_runtime  # pyright: ignore[reportMissingImports]
from ministack.core.concurrency import esm_wake  # pyright: ignore[reportMissingImports]
from ministack.services import cloudwatch_logs, dynamodb, eventbridge, lambda_svc, scheduler, sqs  # pyright: ignore[reportMissingImports]
from saver import Saver  # pyright: ignore[reportMissingImports]

SCHEDULE_PERIOD = 1  # seconds between two looks at the schedules
LOG_LINE_WAIT = 0.005  # seconds in which the first line of a log, or one more, is waited for after an invocation


def let_the_batch_endpoint_publish(token: str) -> None:
    """Entries that carry the token may have a source that begins with `aws.`."""
    original = eventbridge._put_events

    def put_events(data, allow_aws_source=False):
        entries = data.get("Entries", [])
        from_aws = bool(entries) and all(entry.get("TraceHeader") == token for entry in entries)
        return original(data, allow_aws_source=allow_aws_source or from_aws)

    eventbridge._put_events = put_events


def fire_schedules_on_time() -> None:
    scheduler._SCHEDULE_TICK_INTERVAL = eventbridge._SCHEDULER_TICK_INTERVAL = SCHEDULE_PERIOD


def leave_log_groups_to_their_makers() -> None:
    """What a function says is lost where its log group is not, or no more."""
    emit = lambda_svc._emit_lambda_logs

    def emit_into_what_there_is(function, *args, **members):
        settings = function.get("config") or function
        told = settings.get("LoggingConfig") or {}
        if (told.get("LogGroup") or f"/aws/lambda/{settings.get('FunctionName')}") in cloudwatch_logs._log_groups:
            emit(function, *args, **members)

    lambda_svc._emit_lambda_logs = emit_into_what_there_is


def answer_at_once() -> None:
    """A line that comes later belongs to the next invocation's log."""
    collect = lambda_runtime.Worker._drain_stderr_bounded

    def collected(worker, first_line_wait=LOG_LINE_WAIT, idle_confirm=LOG_LINE_WAIT, hard_cap=0.25):
        return collect(worker, first_line_wait, idle_confirm, hard_cap)

    lambda_runtime.Worker._drain_stderr_bounded = collected


def count_requests() -> None:
    """On the wire, by event source mappings, and by destinations of failed invocations."""
    gateway.app = counting.counting(gateway.app)
    run_batch, route = lambda_svc._run_sqs_batch, lambda_svc._route_async_failure

    def run_sqs_batch(esm, func_rec, event, batch, queue_url, queue_name):
        counting.batch_handed_over(len(batch))
        return run_batch(esm, func_rec, event, batch, queue_url, queue_name)

    def route_async_failure(*args, **members):
        counting.add("stack", "sqs", "SendMessage")
        return route(*args, **members)

    lambda_svc._run_sqs_batch = run_sqs_batch
    lambda_svc._route_async_failure = route_async_failure


def keep_state(folder: Path, interval: float, made_by: str) -> None:
    """Save into `folder` at most every so many seconds, and begin with what is there."""

    def write(moment: float) -> None:
        _let_the_batch_endpoint_save()
        failed = snapshot.write(folder, stores.taken(), moment=moment, made_by=made_by)
        for name, reason in failed.items():
            print(f"the state of {name} is not saved: {reason}", flush=True)

    saver = Saver(write, interval, [sqs._queues_lock, dynamodb._lock])
    gateway.app = saver.watching(gateway.app)
    gateway.PERSIST_STATE = True  # ministack asks for these two then, when it starts and when it stops
    gateway._load_persisted_state = lambda: _begin(saver, folder, made_by)
    gateway.save_all = lambda _: saver.last()
    _tell_changes(saver)


def _let_the_batch_endpoint_save() -> None:
    """Before this process does, and never after: jobs that only it knows are forgotten, those that only the log of a
    run knows would be waited for."""
    with contextlib.suppress(OSError):
        request = urllib.request.Request(f"{os.environ['AWS_ENDPOINT_URL_BATCH']}/local/save", b"", method="POST")
        urllib.request.urlopen(request, timeout=10).close()


def _begin(saver: Saver, folder: Path, made_by: str) -> None:
    try:
        stores.put_back(snapshot.read(folder, made_by=made_by) or {})
    except snapshot.Unreadable as problem:
        raise SystemExit(f"the saved state in {folder} cannot be used: {problem}") from None
    loop = asyncio.get_running_loop()
    saver.start(loop)

    async def resume() -> None:
        await gateway._wait_for_port(int(gateway._resolve_port()))
        stores.resume()

    _begin.task = loop.create_task(resume())  # pyright: ignore[reportFunctionMemberAccess] (a loop keeps no task alive)


def _tell_changes(saver: Saver) -> None:
    """Those that no request makes: messages sent and taken by services, and functions that have run."""
    wake, execute, run_batch = esm_wake.set, lambda_svc._execute_function, lambda_svc._run_sqs_batch

    def woken():
        wake()
        saver.changed()

    def telling(function):
        def called(*args):
            saver.changed()
            try:
                return function(*args)
            finally:
                saver.changed()

        return called

    esm_wake.set = woken
    lambda_svc._execute_function = telling(execute)
    lambda_svc._run_sqs_batch = telling(run_batch)


if __name__ == "__main__":
    # Taken out of the environment, for functions inherit it.
    let_the_batch_endpoint_publish(os.environ.pop("ECONDA_EMITTER_TOKEN"))
    invocations.install()
    queues.hand_over_full_batches()
    fire_schedules_on_time()
    leave_log_groups_to_their_makers()
    answer_at_once()
    count_requests()
    queues.change_one_at_a_time()
    unpacking.share_unpacked_code(Path(os.environ["STATE_DIR"]).with_name("code"))
    keep_state(
        Path(os.environ["STATE_DIR"]),
        float(os.environ.pop("ECONDA_LOCAL_SAVE_SECONDS", "1")),
        f"ministack {version('ministack')}",
    )
    gateway.main()
