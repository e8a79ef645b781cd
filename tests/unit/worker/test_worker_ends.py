"""How attempts end: asked first, made to after a grace, with all that they have started."""

import os
import time

import pytest
from econda_edsl.plan import Inline

from econda_cloud.worker.processes import limits


def shell(body):
    return Inline(language="shell", body=body)


AWAY = {
    "in the background": "(sleep 1; touch {mark}) &",
    "in a session of its own": "setsid sh -c 'sleep 1; touch {mark}' </dev/null >/dev/null 2>&1 &",
    "a daemon": "setsid sh -c 'sh -c \"sleep 1; touch {mark}\" & exit' </dev/null >/dev/null 2>&1",
    "without its variables": "env -i setsid nohup sh -c 'sleep 1; touch {mark}' </dev/null >/dev/null 2>&1 &",
}
PYTHON_DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(3): os.close(fd)
        time.sleep(1)
        open({mark!r}, "w")
    os._exit(0)
"""


@pytest.mark.parametrize("ends", ["done", "timed out"])
@pytest.mark.parametrize("body", AWAY.values(), ids=AWAY)
def test_nothing_outlives_a_shell(go, tmp_path, body, ends):
    text = body.format(mark=tmp_path / "mark") + ("\nsleep 60" if ends == "timed out" else "")
    go(shell(text), timeout_ms=400)
    time.sleep(1.3)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("ends", ["done", "timed out", "killed"])
def test_nothing_outlives_python(go, tmp_path, ends):
    more = {"done": "", "timed out": "time.sleep(60)", "killed": "os.kill(os.getpid(), 9)"}[ends]
    [report] = go(PYTHON_DAEMON.format(mark=str(tmp_path / "mark")) + more, timeout_ms=700)
    assert getattr(report, "failure", "done") == {"done": "done", "timed out": "timed_out", "killed": "failed"}[ends]
    time.sleep(1.3)
    assert not (tmp_path / "mark").exists()


TIDY = {
    "shell": shell("trap 'echo tidied > \"$ECONDA_CHECKPOINT/mark\"; exit 0' TERM\nsleep 60 & wait"),
    "a program of a shell": shell("sh -c 'trap \"echo tidied > $ECONDA_CHECKPOINT/mark; exit\" TERM; sleep 60 & wait'"),
    "python": "import os, signal, sys, time\ndef tidy(*_):\n    open(os.environ['ECONDA_CHECKPOINT'] + '/mark', 'w').write('tidied')\n    sys.exit(0)\nsignal.signal(signal.SIGTERM, tidy)\ntime.sleep(60)",
}  # fmt: skip


@pytest.mark.parametrize("body", TIDY.values(), ids=TIDY)
@pytest.mark.parametrize("why", ["timed_out", "preempted"])
def test_an_attempt_is_asked_to_end_and_its_last_checkpoint_kept(go, body, why):
    asked = []
    limit = (
        {"timeout_ms": 700} if why == "timed_out" else {"cancelled": lambda item: asked.append(item) or len(asked) > 1}
    )
    [report] = go(body, checkpoint_ms=3_600_000, **limit)
    assert report.failure == why
    look = 'cat "$ECONDA_CHECKPOINT/mark" > "$OUT/seen"'
    [again] = go(shell(look), checkpoint_ms=3_600_000, outputs={"seen": "String"}, attempt=2)
    assert again.outputs == {"seen": "tidied"}


@pytest.mark.parametrize("body", [shell("trap '' TERM\nsleep 60\nsleep 60"), "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)"])  # fmt: skip
def test_who_does_not_listen_is_killed(go, body, monkeypatch):
    monkeypatch.setattr(limits, "GRACE_MS", 300)
    monkeypatch.setattr(limits.Limit.__init__, "__defaults__", (300,))
    begun = time.monotonic()
    [report] = go(body, timeout_ms=700)
    assert report.failure == "timed_out"
    assert time.monotonic() - begun < 30


def test_what_was_printed_is_there(go):
    [report] = go("import time\nprint('connecting')\nprint('half', end='', flush=True)\ntime.sleep(60)", timeout_ms=700)
    assert report.failure == "timed_out"
    with open(report.log) as log:
        assert log.read() == "connecting\nhalf"


@pytest.mark.parametrize("end", ["os._exit(3)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_what_was_printed_before_a_crash_is_there_in_order(go, end):
    [report] = go(f"import os, sys\nprint('one')\nprint('two', file=sys.stderr)\nprint('three')\n{end}")
    with open(report.log) as log:
        assert log.read() == "one\ntwo\nthree\n"


def test_a_program_of_python_in_a_shell_prints_at_once(go):
    [report] = go(shell("python3 -c 'import os; print(1); os.kill(os.getpid(), 9)'"))
    with open(report.log) as log:
        assert log.read().startswith("1\n")


def test_pipes_end_as_in_a_terminal(go):
    [report] = go(shell('seq 1 1000000 | head -1 > "$OUT/first"'), outputs={"first": "String"})
    assert "exited with code 141 (SIGPIPE" in report.message
    assert "pipefail" in report.message


def test_too_long_a_variable_is_named(go):
    names = [f"n{i}" for i in range(40)]
    [report] = go(
        shell("true"),
        {name: "x" * (100_000 + i) for i, name in enumerate(names)},
        inputs=dict.fromkeys(names, "String"),
    )
    assert "all variables together have 4,0" in report.message
    assert "`n39` has 100,039 bytes" in report.message
    assert "make `n39` a File" in report.message


def test_code_that_is_too_long_is_told_as_such(go):
    [report] = go(shell("true " + "x" * 140_000))
    assert "the code has 140,0" in report.message
    assert "put it into a file" in report.message


def test_what_no_variable_holds_is_in_a_file_and_a_program_that_reads_the_variable_is_told(go):
    given, inputs = {"names": ["x" * 50] * 5000, "text": "y" * 140_000}, {"names": "List[String]", "text": "String"}
    [report] = go(
        shell('wc -l < "$names_file" > "$OUT/n"\nwc -c < "$text_file" > "$OUT/size"'), given, inputs=inputs,
        outputs={"n": "Int", "size": "Int"},
    )  # fmt: skip
    assert report.outputs == {"n": 5000, "size": 140_000}
    [report] = go(shell('echo "$names"'), given, inputs=inputs)
    assert (
        "`$names` was not set, because no variable holds more than 131,072 bytes: read the file `$names_file`"
        in report.message
    )


def test_an_attempt_that_kills_the_parent_of_its_process_harms_itself_only(go):
    [killer] = go("import os\nos.kill(os.getppid(), 9)\nwhile True: pass", timeout_ms=700)
    assert killer.failure
    [next_one] = go("y = 1", outputs={"y": "Int"})
    assert next_one.outputs == {"y": 1}


def test_no_process_is_left(go):
    before = set(_below(os.getpid()))
    go(PYTHON_DAEMON.format(mark="/dev/null"))
    go(shell("sleep 60 &"))
    commands = {pid: _command(pid) for pid in set(_below(os.getpid())) - before}
    assert not [command for command in commands.values() if b"sleep" in command]


def _below(pid):
    from econda_cloud.worker.processes.host_descendants import below

    return below(pid)


def _command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""
