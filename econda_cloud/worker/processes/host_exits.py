"""The end of an attempt as the end of a program: threads are waited for, functions given to `atexit` are called."""

from __future__ import annotations

import atexit
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_calls: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = []


def record() -> None:
    """From now on what tasks register with `atexit` is called at their end; packages wait for that of the process."""
    register, unregister = atexit.register, atexit.unregister

    def registered(func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        if sys._getframe(1).f_globals.get("__name__") == "__main__":
            _calls.append((func, args, kwargs))
            return func
        return register(func, *args, **kwargs)

    def unregistered(func: Callable[..., Any]) -> None:
        _calls[:] = [call for call in _calls if call[0] != func]
        unregister(func)

    atexit.register, atexit.unregister = registered, unregistered


def finished(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call it, and then end as a program does, however it has ended."""
    try:
        return function(*args, **kwargs)
    finally:
        _wait_for_threads()
        while _calls:
            func, args, kwargs = _calls.pop()
            try:
                func(*args, **kwargs)
            except Exception as error:
                sys.excepthook(type(error), error, error.__traceback__)


def _wait_for_threads() -> None:
    threading = sys.modules.get("threading")
    if threading is None or threading.active_count() == 1:
        return
    if pools := sys.modules.get("concurrent.futures.thread"):
        pools._python_exit()
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.main_thread():
            thread.join()
