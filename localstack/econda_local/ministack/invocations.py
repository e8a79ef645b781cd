"""Asynchronous invocations as AWS keeps them: over a throttle and over a crash, until they succeed or fail for good.

ministack holds one in a thread only, and counts a throttled one as a failed attempt. Executed inside ministack's
environment, beside serve.py.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from ministack.services import eventbridge, lambda_svc  # pyright: ignore[reportMissingImports]

LONGEST_WAIT = 6 * 3600.0  # seconds a throttled invocation is kept, as on AWS
LONGEST_PAUSE = 1.0  # seconds between two tries of it
# What `_execute_function` says of a process that died, for the process died.
LOST = {"error": True, "body": {"errorMessage": "Worker process died", "errorType": "Runtime.HandlerError"}, "log": ""}


@dataclass(slots=True)
class Invocation:
    """`begun` is in seconds since the epoch; `running`: an attempt goes on; `attempts`: those that have ended."""

    function: dict[str, Any]
    event: Any
    begun: float = field(default_factory=time.time)
    attempts: int = 0
    running: bool = False


_pending: dict[int, Invocation] = {}
_numbers = itertools.count()


def install() -> None:
    """For those by `Invoke` and by buckets, and for those by rules of the event bus, which ministack tries just once."""
    lambda_svc.invoke_async_with_retry = lambda func, event: _start(Invocation(func, event))
    eventbridge._dispatch_to_lambda = _by_rule


def pending() -> list[Invocation]:
    return list(_pending.values())


def restore(found: list[Invocation]) -> None:
    """Keep what was pending when the cloud was saved; `resume` starts it."""
    _pending.update((next(_numbers), invocation) for invocation in found)


def resume() -> None:
    for number in list(_pending):
        _carry_on(number)


def _by_rule(arn: str, payload: str) -> None:
    function, settings, _ = lambda_svc._get_func_record_for_ref(arn)
    if function and settings:
        _start(Invocation(lambda_svc._execution_record_for_config(function, settings), json.loads(payload)))


def _start(invocation: Invocation) -> None:
    number = next(_numbers)
    _pending[number] = invocation
    _carry_on(number)


def _carry_on(number: int) -> None:
    threading.Thread(target=_run, args=(number,), daemon=True, name="econda-invocation").start()


def _run(number: int) -> None:
    invocation = _pending[number]
    settings = invocation.function.get("config") or invocation.function
    account, region = lambda_svc._account_region_from_function_config(settings)
    lambda_svc._request_account_id.set(account)
    lambda_svc._request_region.set(region)
    try:
        _attempts(invocation, settings)
    finally:
        _pending.pop(number, None)


def _attempts(invocation: Invocation, settings: dict[str, Any]) -> None:
    told = _told(invocation.function)
    most = told.get("MaximumRetryAttempts")
    oldest = invocation.begun + int(told.get("MaximumEventAgeInSeconds", LONGEST_WAIT))
    while True:
        # One that ran when the cloud was killed has failed, as where a host of AWS is lost.
        result = LOST if invocation.running else _executed(invocation)
        invocation.attempts += 1
        if not result.get("error"):
            return
        pause = _pause(invocation.attempts)
        if invocation.attempts > (2 if most is None else int(most)) or time.time() + pause > oldest:
            break
        invocation.running = False
        time.sleep(pause)
    # Still said to run: saved at this moment, it is told once more, not run once more.
    where = (told.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
    where = where or (settings.get("DeadLetterConfig") or {}).get("TargetArn")
    if where:
        lambda_svc._route_async_failure(where, settings.get("FunctionName", "unknown"), invocation.event, result)


def _told(function: dict[str, Any]) -> dict[str, Any]:
    """The function's configuration of asynchronous invocations."""
    return function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}


def _pause(attempts: int) -> float:
    longest = lambda_svc._LAMBDA_ASYNC_RETRY_MAX_SECONDS
    return min(lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS * 2 ** (attempts - 1), longest)


def _executed(invocation: Invocation) -> dict[str, Any]:
    """The result of one attempt, which waits while the function or the account is at its concurrency limit."""
    end, pause = time.monotonic() + LONGEST_WAIT, 0.02
    while True:
        invocation.running = True
        result = lambda_svc._execute_function(invocation.function, invocation.event)
        if not result.get("throttle") or time.monotonic() > end:
            return result
        invocation.running = False
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
