"""Queues as functions and other services see them, made whole.

Executed inside ministack's environment, beside serve.py.
"""

from __future__ import annotations

import contextvars
import functools
import threading
from concurrent.futures import Future

import ministack.app as gateway  # pyright: ignore[reportMissingImports]
from ministack.services import eventbridge, lambda_svc, sqs  # pyright: ignore[reportMissingImports]


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


def change_one_at_a_time() -> None:
    """Whatever receives, removes or sends outside of a request does so on the loop that carries out requests.

    ministack removes messages by replacing a queue's list with a shorter copy, for requests without a lock: of two
    threads that do so at once, one would bring back what the other has removed, and lose what was sent in between.
    """
    sqs._receive_messages_for_esm = _on_the_loop(sqs._receive_messages_for_esm)
    sqs._delete_messages_for_esm = _on_the_loop(sqs._delete_messages_for_esm)
    lambda_svc._route_async_failure = _on_the_loop(lambda_svc._route_async_failure)
    eventbridge._dispatch_to_sqs = _on_the_loop(eventbridge._dispatch_to_sqs)


def _on_the_loop(function):
    @functools.wraps(function)
    def called(*args, **members):
        loop, answer = gateway._MAIN_LOOP, Future()
        if threading.current_thread() is threading.main_thread():
            return function(*args, **members)

        def carry_out():
            try:
                answer.set_result(function(*args, **members))
            except BaseException as problem:
                answer.set_exception(problem)

        loop.call_soon_threadsafe(carry_out, context=contextvars.copy_context())
        return answer.result()

    return called
