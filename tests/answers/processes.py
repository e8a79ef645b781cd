"""What one task or attempt does to its process and its folder, no other one sees; and nothing outlives it."""

from tests.answers.answer import Answer, one

_FAN = """task touch(i: Int) -> (seen: List[String]):
    run python "notes.py:touch"

pipeline main() -> (first: List[String], second: List[String]):
    many = foreach i in 1..6:
        t = touch(i)
        gather t.seen
    return first = many.done[0], second = many.done[5]
"""
_NOTES = """import collections, json, locale, logging, os, sys

seen = []


def touch(i):
    seen.append(i)
    found = [str(len(seen)), json.dumps({"a": 1}), str(sys.getrecursionlimit()), str(len(logging.root.handlers)),
             oct(os.umask(0o077)), os.environ.get("NOTE", "-"), str(os.listdir(".")),
             json.JSONEncoder.default.__module__]
    json.JSONEncoder.default = lambda self, value: f"patched by {i}"
    json.dumps = lambda *a, **k: f"patched by {i}"
    sys.setrecursionlimit(4321)
    logging.basicConfig(level=logging.CRITICAL)
    os.environ["NOTE"] = str(i)
    open("left", "w").close()
    return found
"""
_CLEAN = ["1", '{"a": 1}', "1000", "0", "0o22", "-", "[]", "json.encoder"]

_LOGS = """task hush() -> (n: Int):
    run python:
        import logging, warnings
        logging.basicConfig(level=logging.ERROR, format="hushed %(message)s")
        logging.disable(logging.WARNING)
        n = 1

task speak(n: Int) -> (m: Int):
    run python:
        import logging
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
        logging.info("counted")
        m = n + 1

pipeline main() -> (m: Int):
    a = hush()
    b = speak(a.n)
    return m = b.m
"""

_THREAD = """task starts() -> (n: Int):
    run python:
        import os, threading, time
        def beat():
            while True:
                os.write(1, b"still here\\n")
                time.sleep(0.01)
        threading.Thread(target=beat, daemon=True).start()
        n = 1

task waits(n: Int) -> (m: Int):
    run python:
        import time
        time.sleep(0.2)
        print("alone")
        m = n + 1

pipeline main() -> (m: Int):
    a = starts()
    b = waits(a.n)
    return m = b.m
"""

_RANDOM = """task roll(i: Int) -> (x: Float):
    run python:
        import random
        if i == 1:
            random.seed(7)
        x = random.random()

task again(then: Int) -> (settled: String):
    run python:
        import decimal, signal, socket
        settled = f"{decimal.Decimal(2) / 3} {signal.getsignal(signal.SIGTERM).name} {socket.getdefaulttimeout()}"

task unsettle(x: Float) -> (n: Int):
    run python:
        import decimal, signal, socket
        n = 1
        decimal.getcontext().prec = 2
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        socket.setdefaulttimeout(0.5)

pipeline main() -> (fresh: Bool, settled: String):
    many = foreach i in 1..2:
        r = roll(i)
        gather r.x
    u = unsettle(many.done[0])
    a = again(u.n)
    return fresh = many.done[1] != 0.15084917392450192, settled = a.settled
"""

_WRITES_ON = """task begin() -> (page: File):
    run python:
        import subprocess
        with open("page", "w") as file:
            file.write("whole")
        subprocess.Popen(["sh", "-c", "while :; do echo more >> page; done"])
        page = "page"

task look(page: File, then: Int) -> (text: String, n: Int):
    run python:
        text, n = page.read_text(), then + 1

pipeline main() -> (same: Bool):
    a = begin()
    b = look(a.page, 0)
    c = look(a.page, b.n)
    return same = b.text == c.text
"""

_SERVICE = """task serve() -> (pid: Int):
    timeout = 60s
    run shell:
        setsid sh -c 'echo $$ > pid.tmp; mv pid.tmp pid; exec sleep 600' </dev/null >/dev/null 2>&1 &
        until [ -e pid ]; do sleep 0.01; done
        cp pid "$OUT/pid"

task look(pid: Int) -> (alive: Bool):
    run python:
        import os
        alive = os.path.exists(f"/proc/{pid}")

pipeline main() -> (alive: Bool):
    a = serve()
    b = look(a.pid)
    return alive = b.alive
"""

_AGAIN = "import os\nfound = os.listdir('.')\nopen('half', 'w').write('x')\nif os.environ['ECONDA_ATTEMPT'] == '1':\n"
_RETRY = "retry = linear(attempts = 2, wait = 1ms)"

ANSWERS = (
    Answer("members of a fan that change their process", _FAN, {"first": _CLEAN, "second": _CLEAN}, files={"notes.py": _NOTES}),
    Answer("logging set up by an earlier task", _LOGS, {"m": 2}, log={"main/b": "INFO counted\n"}),
    Answer("a thread that goes on", _THREAD, {"m": 2}, log={"main/b": "alone\n"}),
    Answer("seeds, precision and signals of an earlier task", _RANDOM,
           {"fresh": True, "settled": "0.6666666666666666666666666667 SIG_DFL None"}),
    Answer("an attempt killed while it writes", one("found: String", _AGAIN + "    os.kill(os.getpid(), 9)\nfound = str(found)",
           "python", settings=_RETRY), {"found": "[]"}),
    Answer("half an output of the attempt before", one("n: Int",
           'if [ "$ECONDA_ATTEMPT" = 1 ]; then echo 7 > "$OUT/old"; kill -9 $$; fi\nfound=$(ls "$OUT" | wc -l)\necho "$found" > "$OUT/n"',
           settings=_RETRY), {"n": 0}),
    Answer("a task that removes its folder", one("n: Int", "import os, shutil\nshutil.rmtree(os.getcwd())\nn = 1", "python"),
           {"n": 1}),
    Answer("a child that writes on into an output", _WRITES_ON, {"same": True}),
    Answer("a service that leaves its session and never ends", _SERVICE, {"alive": False}),
    Answer("a program that is asked to end", one("", "trap 'echo put away; exit 0' TERM\necho begun\nsleep 600 & wait",
           settings="timeout = 1s"), said=("timed out after 1000 ms", "put away"), log={"main/t": "begun\nput away\n"}),
    Answer("what was printed before a time limit", one("n: Int", "import time\nprint('reading')\ntime.sleep(600)\nn = 1",
           "python", settings="timeout = 1s"), said=("timed out after 1000 ms", "reading"), log={"main/a": "reading\n"}),
)  # fmt: skip
