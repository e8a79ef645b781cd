"""What an attempt of a task leaves changed in its process, put back before the next one of the same task of one run.

Attempts of other tasks and runs have processes of their own. docs/isolation.md has the table of all this.
"""

from __future__ import annotations

import _locale
import _signal  # pyright: ignore[reportMissingImports]
import contextlib
import gc
import os
import resource
import stat
import sys

from host_loggers import loggers, restore_loggers  # pyright: ignore[reportMissingImports]
from host_patches import Patches, forget_modules  # pyright: ignore[reportMissingImports]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SIGNALS = tuple(
    number for number in range(1, _signal.NSIG) if number not in (_signal.SIGKILL, _signal.SIGSTOP, 32, 33)
)
_TIMERS = (_signal.ITIMER_REAL, _signal.ITIMER_VIRTUAL, _signal.ITIMER_PROF)
_LIMITS = tuple(number for name, number in vars(resource).items() if name.startswith("RLIMIT_"))


class Surroundings:
    """The process as it was when this was made. `folder` has the task's own modules, if it has any."""

    def __init__(self, folder: str) -> None:
        self._folder, self._known = folder, set(sys.modules)
        self._patches = Patches()
        self._python = [(read(), write) for read, write in _PYTHON]
        self._read = [read for read, _ in _PYTHON]
        self._variables = variables()
        self._limits = _limits()
        self._fixed = _fixed()
        self._open = _open_files()
        self._streams = (sys.stdout, sys.stderr, sys.stdin)
        self._signals = _handlers()
        self._locale = _locale.setlocale(_locale.LC_ALL)
        self._umask = os.umask(0o022)
        os.umask(self._umask)
        self._loggers = loggers()

    def restore(self) -> bool:
        """Put back what can be; False when the process must end, because something cannot."""
        for timer in _TIMERS:
            _signal.setitimer(timer, 0)
        _flush(*self._streams, sys.stdout, sys.stderr)
        stale = not self._restore_python()
        if _handlers() != self._signals:
            for number, handler in self._signals.items():
                if _signal.getsignal(number) is not handler:
                    _signal.signal(number, handler)
        if _signal.pthread_sigmask(_signal.SIG_BLOCK, ()):
            _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
        os.umask(self._umask)
        _restore_variables(self._variables)
        if _locale.setlocale(_locale.LC_ALL) != self._locale:
            _locale.setlocale(_locale.LC_ALL, self._locale)
        stale = self._restore_limits() or self._streams_broke() or stale
        return not (stale or _fixed() != self._fixed or _open_files() - self._open)

    def _restore_python(self) -> bool:
        # Before the task's own modules are forgotten: by them is told whose a function is.
        clean = self._patches.undo(self._folder)
        forget_modules(self._folder, self._known)
        for read, (before, write) in zip(self._read, self._python, strict=True):
            if read() != before:
                write(before)
        restore_loggers(self._loggers)
        _restore_shared()
        return clean

    def _restore_limits(self) -> bool:
        if _limits() != self._limits:
            try:
                for number, before in zip(_LIMITS, self._limits, strict=True):
                    resource.setrlimit(number, before)
            except (OSError, ValueError):
                return True
        return False

    def _streams_broke(self) -> bool:
        return any(stream.closed for stream in self._streams) or not stat.S_ISCHR(os.fstat(0).st_mode)


def begin_random() -> None:
    """Random numbers of an attempt are its own, whoever seeded them before."""
    if random := sys.modules.get("random"):
        random.seed()
    with contextlib.suppress(Exception):
        if numpy := sys.modules.get("numpy.random"):
            numpy.seed()
    with contextlib.suppress(Exception):
        if torch := sys.modules.get("torch"):
            torch.seed()


def variables() -> dict[bytes, bytes]:
    """A copy of the environment, as bytes.

    By the dictionary inside of `os.environ`: going through its public face twice took a third of a short task's time.
    """
    inside = getattr(os.environ, "_data", None)
    return inside.copy() if type(inside) is dict else dict(os.environb)


def _restore_variables(before: dict[bytes, bytes]) -> None:
    now = variables()
    for name in {name for name, _ in now.items() ^ before.items()} if now != before else ():
        os.environb.pop(name, None)
        if name in before:
            os.environb[name] = before[name]


def _handlers() -> dict[int, Any]:
    return {number: _signal.getsignal(number) for number in _SIGNALS}


def _limits() -> list[tuple[int, int]]:
    return [resource.getrlimit(number) for number in _LIMITS]


def _fixed() -> tuple[Any, ...]:
    """What only some may put back: user, groups, root, niceness, processors."""
    root = os.stat("/")
    processors = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    return os.getresuid(), os.getresgid(), root.st_ino, root.st_dev, os.getpriority(os.PRIO_PROCESS, 0), processors


def _open_files() -> set[tuple[int, int, int]]:
    """Ordinary files that are open, other than the log: an attempt that leaves one open may have more to write to it."""
    found = set[tuple[int, int, int]]()
    try:
        descriptors = os.listdir("/proc/self/fd")
    except OSError:
        return found
    for name in descriptors:
        if name not in ("0", "1", "2"):
            with contextlib.suppress(OSError):
                about = os.fstat(int(name))
                if stat.S_ISREG(about.st_mode):
                    found.add((int(name), about.st_dev, about.st_ino))
    return found


def has_threads() -> bool:
    """Whether the attempt has left threads that go on."""
    # Who started a thread has loaded this.
    threading = sys.modules.get("threading")
    return threading is not None and threading.active_count() > 1


def _flush(*streams: Any) -> None:
    for stream in streams:
        with contextlib.suppress(Exception):
            stream.flush()


_PYTHON: tuple[tuple[Callable[[], Any], Callable[[Any], Any]], ...] = (
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (sys.getswitchinterval, sys.setswitchinterval),
    (sys.gettrace, sys.settrace),
    (sys.getprofile, sys.setprofile),
    (gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
    (gc.get_threshold, lambda three: gc.set_threshold(*three)),
    (gc.get_debug, gc.set_debug),
    (lambda: getattr(sys, "get_int_max_str_digits", int)(), lambda most: sys.set_int_max_str_digits(most)),
)
"""Settings of the interpreter: how to read and to write each."""


def _restore_shared() -> None:
    """Defaults that modules keep for the whole process, as they are when a module has just been loaded."""
    modules = sys.modules
    if decimal := modules.get("decimal"):
        fresh = decimal.Context(
            prec=28, rounding=decimal.ROUND_HALF_EVEN, Emin=-999999, Emax=999999, capitals=1, clamp=0, flags=[],
            traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
        )  # fmt: skip
        decimal.setcontext(fresh)
        for name in ("prec", "rounding", "Emin", "Emax", "capitals", "clamp"):
            setattr(decimal.DefaultContext, name, getattr(fresh, name))
    if tables := modules.get("_csv"):
        tables.field_size_limit(131_072)
        for name in tables.list_dialects():
            if name not in ("excel", "excel-tab", "unix"):
                tables.unregister_dialect(name)
    if threading := modules.get("threading"):
        threading.stack_size(0)
    if processes := modules.get("multiprocessing"):
        processes.set_start_method(None, force=True)
    if zones := modules.get("zoneinfo"):
        zones.reset_tzpath()
    if traces := modules.get("tracemalloc"):
        traces.stop()
    if sockets := modules.get("_socket"):
        sockets.setdefaulttimeout(None)
