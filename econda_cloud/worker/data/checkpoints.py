"""Checkpoints of an attempt: a directory that outlives it.

A task finds it under `$ECONDA_CHECKPOINT`, as the last attempt of its instance left it. It is saved every interval
if it has changed, and once more when the attempt ends other than by success. The task writes while it is saved, so
one rule holds: **a name stands for something whole.** Files and directories whose names start with `.` or end in
`.tmp` are left out; what is complete is renamed to its name. What changes while it is packed is packed again.

The two newest are kept, in two slots that take turns, and a small blob tells which slot is the newer: so the last one
but one is there while a new one is written, and where the last is damaged.

An attempt that was given up as lost may still run and save: whichever saves last, it is a whole state of the task.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tarfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from econda_cloud.ports.blobs import WorkerBlobs
from econda_cloud.wire.keys import checkpoint_slots
from econda_cloud.worker.data.packing import BadSeal, open_seal, pack, seal, unpack
from econda_cloud.worker.data.private import remove

_TRIES = 5
_PAUSE_S = 0.1
LOOK_MS = 5_000
"""How often the size of what has changed is looked at, for checkpoints by size."""

Seen = Mapping[Path, tuple[int, ...]]


class Checkpoint:
    """The checkpoints of one attempt while it runs, as a context. `wanted` is whether to save once more at its end.

    `key` names the newest slot (see `wire.keys.checkpoint_key`).

    Saved every `interval_ms`, and once `grown` bytes have changed; either may be None.

    Entering raises what the store raises, other than `KeyError`: to start from nothing because of a bad network
    would lose work. Leaving never raises: what cannot be saved is said in the log.
    """

    def __init__(
        self,
        blobs: WorkerBlobs,
        key: str,
        directory: Path,
        interval_ms: int | None,
        log: Path,
        grown: int | None = None,
    ) -> None:
        self.directory, self.wanted = directory, True
        self._blobs, self._key, self._interval_ms, self._log = blobs, key, interval_ms, log
        self._grown = grown
        self._packed = directory.with_name(directory.name + ".tar")
        self._saved: Seen = {}
        self._slots, self._newest = checkpoint_slots(key), 1
        self._over = threading.Event()
        # A thread of its own: a large checkpoint must not keep the attempt's limits from being watched.
        self._saver = threading.Thread(target=self._save_regularly, name="econda-checkpoint", daemon=True)

    def __enter__(self) -> Checkpoint:
        self.directory.mkdir(0o700)
        try:
            self._restore()
        except BaseException:
            self._discard()
            raise
        self._saver.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._saver.join()
        if self.wanted:
            self.save()
        self._discard()

    def save(self) -> None:
        """Put the directory into the store if it has changed since it was last there."""
        try:
            if not any(self._save_once(again) for again in range(_TRIES)):
                self._say("not saved: its files keep changing; write to a name that ends in .tmp, then rename")
        except Exception as error:
            self._say(f"not saved: {type(error).__name__}: {error}")

    def _save_regularly(self) -> None:
        last = time.monotonic()
        pause = min(LOOK_MS if self._grown is not None else self._interval_ms or LOOK_MS, self._interval_ms or LOOK_MS)
        while not self._over.wait(pause / 1000):
            due = self._interval_ms is not None and time.monotonic() - last >= self._interval_ms / 1000 - 0.001
            if due or (self._grown is not None and self._changed() >= self._grown):
                self.save()
                last = time.monotonic()

    def _changed(self) -> int:
        """Bytes of the files that are not as they were when the directory was last saved."""
        try:
            seen = _whole_files(self.directory)
        except OSError:
            return 0
        return sum(about[2] for path, about in seen.items() if len(about) > 2 and self._saved.get(path) != about)

    def _save_once(self, again: int) -> bool:
        """True if what is stored is now what lies in the directory; False if it changed meanwhile."""
        time.sleep(again * _PAUSE_S)
        try:
            seen = _whole_files(self.directory)
            if seen == self._saved:
                return True
            pack(self.directory, self._packed, seen, times=True)
            if _whole_files(self.directory) != seen:
                return False
        except FileNotFoundError:
            return False
        except OSError:
            # A file that became shorter ends the packing so; a full disk does too, and is told on the last try.
            if again + 1 == _TRIES:
                raise
            return False
        seal(self._packed)
        older = 1 - self._newest
        self._blobs.put_file(self._slots[older], self._packed)
        # Only now: until then the other one is the newest that is whole.
        self._blobs.put(self._key, b"%d" % older)
        self._newest, self._saved = older, seen
        return True

    def _restore(self) -> None:
        try:
            newest = int(self._blobs.get(self._key) == b"1")
        except KeyError:
            return
        for slot in (newest, 1 - newest):
            if self._restore_from(slot):
                # The next one takes the place of the other, which is older or damaged.
                self._newest = slot
                break
        else:
            self._say("no saved one is whole; the attempt starts from nothing")
        self._saved = _whole_files(self.directory)

    def _restore_from(self, slot: int) -> bool:
        try:
            self._blobs.get_file(self._slots[slot], self._packed)
        except KeyError:
            return False
        try:
            open_seal(self._packed)
            unpack(self._packed, self.directory, times=True)
        except (BadSeal, tarfile.TarError) as error:
            self._say(f"a saved one is damaged ({error})")
            remove(self.directory)
            self.directory.mkdir(0o700)
            return False
        return True

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError), self._log.open("ab") as file:
            file.write(f"econda: checkpoint: {text}\n".encode("utf-8", "replace"))

    def _discard(self) -> None:
        remove(self.directory)
        self._packed.unlink(missing_ok=True)


def _whole_files(directory: Path) -> Seen:
    """All that belongs into a checkpoint, with what changes when it changes. Raises `FileNotFoundError`."""
    found: dict[Path, tuple[int, ...]] = {}
    for root, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if _is_whole(name)]
        for name in (*folders, *filter(_is_whole, files)):
            path = Path(root, name)
            about = path.lstat()
            if stat.S_ISREG(about.st_mode):
                found[path] = (about.st_mode, about.st_ino, about.st_size, about.st_mtime_ns)
            elif stat.S_ISDIR(about.st_mode) or _stays_inside(path, directory):
                # Unfinished files inside change a directory's times, so these do not count.
                found[path] = (about.st_mode, about.st_ino)
    return found


def _is_whole(name: str) -> bool:
    return not name.startswith(".") and not name.endswith(".tmp")


def _stays_inside(path: Path, directory: Path) -> bool:
    """Whether this is a link that means the same on another machine; others could not be restored."""
    if not path.is_symlink() or os.path.isabs(os.readlink(path)):
        return False
    return Path(os.path.normpath(path.parent / os.readlink(path))).is_relative_to(directory)
