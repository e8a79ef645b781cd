"""Runs ministack inside its own environment, with the few things the local cloud needs beyond it.

1. Only AWS itself may put events whose source begins with `aws.`, and ministack enforces that as AWS does. The local
   Batch endpoint is AWS itself here: it shows a token, in the entry's `TraceHeader`, that ministack's own services
   do not need.
2. AWS keeps an asynchronous invocation that was throttled and tries again for up to six hours; ministack counts it
   as a failed attempt. Here a throttled one waits for a free slot.
3. ministack hands a Lambda function at most 10 messages of a queue at once, whatever the mapping's `BatchSize`; on
   AWS it may be 10 000.
4. ministack looks at schedules every ten seconds; here every second, so that a schedule fires when it should.
5. Requests are counted as AWS bills them; see counting.py.

This file is executed by path, in an environment without econda_local: it imports ministack and its neighbour only.
"""

from __future__ import annotations

import contextvars
import os
import time

import counting  # pyright: ignore[reportMissingImports]
import ministack.app as gateway  # pyright: ignore[reportMissingImports]
from ministack.services import eventbridge, lambda_svc, scheduler, sqs  # pyright: ignore[reportMissingImports]

LONGEST_WAIT = 6 * 3600.0  # seconds a throttled asynchronous invocation is kept, as on AWS
LONGEST_PAUSE = 1.0  # seconds between two tries of it
SCHEDULE_PERIOD = 1  # seconds between two looks at the schedules

_asynchronous = contextvars.ContextVar("asynchronous", default=False)


def let_the_batch_endpoint_publish(token: str) -> None:
    """Entries that carry the token may have a source that begins with `aws.`."""
    original = eventbridge._put_events

    def put_events(data, allow_aws_source=False):
        entries = data.get("Entries", [])
        from_aws = bool(entries) and all(entry.get("TraceHeader") == token for entry in entries)
        return original(data, allow_aws_source=allow_aws_source or from_aws)

    eventbridge._put_events = put_events


def keep_throttled_invocations() -> None:
    """An asynchronous invocation waits while the function or the account is at its concurrency limit."""
    invoke, execute = lambda_svc.invoke_async_with_retry, lambda_svc._execute_function

    def invoke_async_with_retry(func, event):
        _asynchronous.set(True)
        try:
            invoke(func, event)  # copies the context for its thread
        finally:
            _asynchronous.set(False)

    def execute_function(func, event):
        if not _asynchronous.get():
            return execute(func, event)
        end, pause = time.monotonic() + LONGEST_WAIT, 0.02
        while True:
            result = execute(func, event)
            if not result.get("throttle") or time.monotonic() > end:
                return result
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    lambda_svc.invoke_async_with_retry = invoke_async_with_retry
    lambda_svc._execute_function = execute_function


def hand_over_full_batches() -> None:
    """An event source mapping takes as many messages as its `BatchSize` says."""
    receive = sqs._receive_messages_for_esm

    def receive_messages_for_esm(queue_url, max_number):
        taken = []
        while len(taken) < max_number:
            more = receive(queue_url, max_number - len(taken))
            taken += more
            if not more:
                break
        return taken

    sqs._receive_messages_for_esm = receive_messages_for_esm


def fire_schedules_on_time() -> None:
    scheduler._SCHEDULE_TICK_INTERVAL = eventbridge._SCHEDULER_TICK_INTERVAL = SCHEDULE_PERIOD


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


if __name__ == "__main__":
    # Taken out of the environment, for functions inherit it.
    let_the_batch_endpoint_publish(os.environ.pop("ECONDA_EMITTER_TOKEN"))
    keep_throttled_invocations()
    hand_over_full_batches()
    fire_schedules_on_time()
    count_requests()
    gateway.main()
