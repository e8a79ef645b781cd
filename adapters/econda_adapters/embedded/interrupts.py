"""Signals to the process of a run: Ctrl-C cancels the run, SIGTERM and SIGHUP leave it to be carried on."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


class Interrupted(Exception):
    """A signal has ended the work on a run, which is left as it is, to be carried on."""

    def __init__(self, run: str, signum: int) -> None:
        super().__init__(f"{run} was interrupted by {signal.Signals(signum).name}")
        self.run, self.signum = run, signum


@contextlib.contextmanager
def interruptible(cancel: Callable[[], None], leave: Callable[[int], None]) -> Iterator[None]:
    """While the body runs, the first interrupt calls `cancel`, and SIGTERM or SIGHUP `leave` with its number.

    The second interrupt does what it did before: it raises `KeyboardInterrupt`. In other threads than the main one, no
    signal is heeded.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def interrupted(*_: object) -> None:
        signal.signal(signal.SIGINT, before[signal.SIGINT])
        cancel()

    def told(number: int, _: object) -> None:
        leave(number)

    signal.signal(signal.SIGINT, interrupted)
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Who was started by nohup goes on.
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, told)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
