"""What the driver of plain hosts runs on one of them, sent along with each request: nothing is installed there.

A job is a folder. `state` is its record, locked by the process that watches it for as long as it does, and written in
place, so that a job can end on a full disk; `wanted` is removed to stop it. Needs Python 3.8 and Linux, nothing else.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from typing import Any

RECORD = 4096
WORDS = 2_000
OUTPUT_MOST = 1 << 20
UNTOLD_MS = 7 * 24 * 3_600_000
LOOK_S = 0.1
SIZES = ("cpu_milli", "memory", "gpu")
JOB, TRASH = "econda-", "~econda-"
BEGUN, THERE, FULL = "begun", "there", "full"


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Stop, tell and begin jobs, in this order; all jobs that are here, and what became of each to begin."""
    root = os.path.expanduser(request["scratch"])
    os.makedirs(root, mode=0o700, exist_ok=True)
    if os.stat(root).st_uid != os.getuid():
        raise PermissionError(f"{root} belongs to another user")
    lock, begun, prepared = os.open(root, os.O_RDONLY), {}, []
    fcntl.flock(lock, fcntl.LOCK_EX)
    jobs = survey(root, request["keep_ms"])
    for name in request.get("cancel", ()):
        if name in jobs and os.path.exists(wanted := os.path.join(root, name, "wanted")):
            os.unlink(wanted)
    for name in request.get("tell", ()):
        if name in jobs and over(jobs[name]) and "told_ms" not in jobs[name]:
            state = os.open(os.path.join(root, name, "state"), os.O_RDWR)
            write(state, {**jobs[name], "told_ms": now_ms()})
            os.close(state)
    for job in request.get("begin", ()):
        begun[job["name"]] = begin(root, job, jobs, request["host"], prepared)
    os.close(lock)
    for each in prepared:
        if os.fork() == 0:
            alone(each, prepared)
    for name in os.listdir(root):
        if name.startswith(TRASH):
            shutil.rmtree(os.path.join(root, name), ignore_errors=True)
    for name in jobs.keys() - set(request.get("tell", ())):
        jobs[name].pop("words", None)
    return {"jobs": jobs, "begun": begun}


def survey(root: str, keep_ms: int) -> dict[str, Any]:
    """The jobs of this host by name. Those told of long ago, and beginnings that were cut off, are thrown away."""
    jobs = {}
    for name in os.listdir(root):
        # Whatever else lies in this folder is somebody else's.
        if not name.startswith((JOB, "." + JOB)):
            continue
        job = look(os.path.join(root, name)) if name.startswith(JOB) else None
        if job is None or (over(job) and stale_ms(job, keep_ms) < now_ms()):
            os.rename(os.path.join(root, name), os.path.join(root, TRASH + str(time.time_ns())))
        else:
            jobs[name] = job
    return jobs


def look(folder: str) -> dict[str, Any] | None:
    """The record of a job and whether somebody watches it; None if there is no record."""
    try:
        state = os.open(os.path.join(folder, "state"), os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
        watched = False
    except BlockingIOError:
        watched = True
    try:
        for _ in range(5):
            with contextlib.suppress(ValueError):
                return {**json.loads(os.pread(state, RECORD, 0)), "watched": watched}
            time.sleep(0.01)  # it is being written
    finally:
        os.close(state)
    return {**dict.fromkeys(SIZES, 0), "gpus": [], "started_ms": None, "watched": watched}


def stale_ms(job: dict[str, Any], keep_ms: int) -> int:
    """When the folder of a job that is over may go."""
    if "told_ms" in job:
        return job["told_ms"] + keep_ms
    return (job.get("ended_ms") or job["started_ms"] or now_ms()) + UNTOLD_MS


def over(job: dict[str, Any]) -> bool:
    return "ended_ms" in job or not job["watched"]


def begin(root: str, job: dict[str, Any], jobs: dict[str, Any], host: dict[str, int], prepared: list[Any]) -> str:
    """BEGUN, THERE, FULL, or why it cannot be; what is left to do without the lock goes to `prepared`."""
    if job["name"] in jobs:
        return THERE
    running = [each for each in jobs.values() if not over(each)]
    if any(job[size] + sum(each[size] for each in running) > host[size] for size in SIZES):
        return FULL
    held = {number for each in running for number in each["gpus"]}
    record = {size: job[size] for size in SIZES}
    record["gpus"] = [number for number in range(host["gpu"]) if number not in held][: job["gpu"]]
    record["started_ms"] = now_ms()
    new = os.path.join(root, "." + job["name"])
    try:
        os.mkdir(new, 0o700)
        state = os.open(os.path.join(new, "state"), os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(state, fcntl.LOCK_EX)
        write(state, record)
        os.mkdir(os.path.join(new, "work"), 0o700)
        for name in ("wanted", "output"):
            open(os.path.join(new, name), "wb").close()
        # Has no name in the folder, so that nobody finds it there.
        assignment = tempfile.TemporaryFile(dir=new)  # noqa: SIM115
        assignment.write(base64.b64decode(job["assignment"]))
        assignment.seek(0)
        os.rename(new, os.path.join(root, job["name"]))
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        return error.strerror or str(error)
    jobs[job["name"]] = {**record, "watched": True}
    prepared.append((os.path.join(root, job["name"]), job, record, state, assignment))
    return BEGUN


def alone(mine: Any, prepared: list[Any]) -> None:
    """Be the watcher of one job, which outlives the connection. The locks of the others are not for this process."""
    try:
        os.setsid()
        for each in prepared:
            if each is not mine:
                os.close(each[3])
                each[4].close()
        null = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(null, number)
        watch(*mine)
    finally:
        os._exit(0)


def watch(folder: str, job: dict[str, Any], record: dict[str, Any], state: int, assignment: Any) -> None:
    libc, kills = ctypes.CDLL(None), oom_kills()

    def dies_with_its_watcher() -> None:
        libc.prctl(1, signal.SIGKILL)

    surroundings = {**os.environ, "CUDA_VISIBLE_DEVICES": ",".join(map(str, record["gpus"]))}
    with open(os.path.join(folder, "output"), "a+b", buffering=0) as output:
        try:
            child = subprocess.Popen(job["command"], stdin=assignment, stdout=output, stderr=output, env=surroundings,
                                     cwd=os.path.join(folder, "work"), start_new_session=True,
                                     preexec_fn=dies_with_its_watcher)  # fmt: skip
        except OSError as error:
            words = f"{job['command'][0]} cannot be started: {error.strerror}"
            return write(state, {**record, "code": None, "words": words, "ended_ms": now_ms()})
        assignment.close()
        why = until_over(child.pid, os.path.join(folder, "wanted"), job, output)
        signal_group(child.pid, signal.SIGKILL)
        code = child.wait()
        output.seek(-min(WORDS, output.seek(0, os.SEEK_END)), os.SEEK_END)
        words = output.read().decode("utf-8", "replace").strip()
    killed = code == -signal.SIGKILL and not why and oom_kills() > kills
    ended = {"code": code, "why": why, "out_of_memory": killed, "words": words, "ended_ms": now_ms()}
    return write(state, {**record, **ended})


def until_over(pid: int, wanted: str, job: dict[str, Any], output: Any) -> str:
    """Why the job was stopped, or "". Its group is told to end, and killed after the grace; it is not reaped yet."""
    begun, why, since = time.monotonic(), "", 0.0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        now = time.monotonic()
        if not why:
            late = job["limit_s"] is not None and now > begun + job["limit_s"]
            why, since = "cancelled" if not os.path.exists(wanted) else "timed_out" if late else "", now
            if why:
                signal_group(pid, signal.SIGTERM)
        elif now > since + job["grace_s"]:
            signal_group(pid, signal.SIGKILL)
        if os.fstat(output.fileno()).st_size > OUTPUT_MOST:
            os.ftruncate(output.fileno(), 0)
        time.sleep(LOOK_S)
    return why


def signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def write(state: int, record: dict[str, Any]) -> None:
    while len(data := json.dumps(record).encode()) > RECORD:
        record = {**record, "words": record["words"][len(record["words"]) // 4 + 1 :]}
    os.pwrite(state, data.ljust(RECORD), 0)


def oom_kills() -> int:
    """How often this machine has killed a process for memory, since it was started; 0 where it does not tell."""
    try:
        with open("/proc/vmstat") as file:
            return int(dict(line.split() for line in file).get("oom_kill", 0))
    except OSError:
        return 0


def now_ms() -> int:
    return time.time_ns() // 1_000_000
