"""What is said of a failure ends with the attempt's own last words: its error, readable, and never twice."""

import pytest
from econda_edsl.plan import Inline

from econda_cloud.worker.reports.plain_text import plain, plain_but_coloured, shortened


def shell(body):
    return Inline(language="shell", body=body)


@pytest.mark.parametrize(("written", "seen"), [
    ("two\nlines\n", "two\nlines\n"),
    ("\r 10%\r 55%\r100%\ndone\r\n", "100%\ndone\n"),
    ("\rcopying 99 %\rfailed: no space", "failed: no space"),
    ("\x1b[1;31merror\x1b[0m: \x1b[4mbad\x1b[24m", "error: bad"),
    ("\x1b]8;;http://a.b\x07here\x1b]8;;\x07 \x1b(B\x9b2Kit is", "here it is"),
    ("\x1b]0;a title that never ends", ""),
    ("ab\b\bcd", "cd"),
    ("\bx\x00\x07y\tz", "xy\tz"),
    ("Grüße, 世界 ✓", "Grüße, 世界 ✓"),
    ("\x1b[2K\x1b[1Agone up\x1b", "gone up"),
    ("", ""),
])  # fmt: skip
def test_text_looks_as_on_a_terminal_that_is_done(written, seen):
    assert plain(written) == seen
    assert plain(seen) == seen


def test_of_codes_only_colours_may_stay():
    text = "\x1b[2K\rold\r\x1b[31mred\x1b[0m\x1b[1A and \x07more\nnext"
    assert plain_but_coloured(text) == "\x1b[31mred\x1b[0m and more\x1b[0m\nnext"


def test_a_long_line_keeps_its_beginning_and_its_end():
    line = "E: " + "x" * 1000 + " quota exceeded"
    short = shortened(line, 100)
    assert (len(short), short[:4], short[-14:]) == (100, "E: x", "quota exceeded")
    assert shortened("short", 100) == "short"


@pytest.mark.parametrize(("body", "message"), [
    (r"for i in $(seq 50); do printf '\r%3d %% of a file' $i; done; printf '\rquota exceeded'; exit 3",
     "exited with code 3; its last words: quota exceeded"),
    (r"printf '\033[31mno luck\033[0m\n' >&2; exit 7", "exited with code 7; its last words: no luck"),
    ("echo one; echo; echo two; exit 1", "exited with code 1; its last words:\n  one\n  two"),
    ("seq 100; exit 1", "exited with code 1; its last words:\n  96\n  97\n  98\n  99\n  100"),
    ("echo connecting; kill -9 $$", "killed by signal SIGKILL; its last words: connecting"),
    ("echo connecting; sleep 60", "timed out after 700 ms; its last words: connecting"),
    ("echo ---; exit 1", "exited with code 1; its last words: ---"),
    ("exit 1", "exited with code 1"),
])  # fmt: skip
def test_shell(go, body, message):
    [report] = go(shell(body), timeout_ms=700)
    assert report.message == message


@pytest.mark.parametrize(("body", "message"), [
    ("print('connecting')\nimport time\ntime.sleep(60)", "timed out after 700 ms; its last words: connecting"),
    ("print('connecting')\nimport os\nos.kill(os.getpid(), 9)", "killed by signal SIGKILL; its last words: connecting"),
    ("print('usage: x')\nimport sys\nsys.exit(2)", "exited with code 2; its last words: usage: x"),
    ("import sys\nsys.exit('no such table')", "exited with code 1: no such table"),
])  # fmt: skip
def test_python(go, body, message):
    [report] = go(body, timeout_ms=700)
    assert report.message == message


def test_an_exception_is_told_once(go):
    [report] = go("print('before')\nraise ValueError('\\x1b[31mbad\\x1b[0m record')")
    assert report.message.startswith("ValueError:")
    assert "\x1b" not in report.message
    assert report.message.count("record") == 2, "in the message and in the line of code"
    assert "last words" not in report.message


def test_of_a_program_that_failed_its_own_words_are_told_too(go):
    body = (
        "import subprocess\nprint('begin')\nsubprocess.run(['sh', '-c', 'echo no such index >&2; exit 2'], check=True)"
    )
    [report] = go(body)
    assert "returned non-zero exit status 2" in report.message.split("\n")[0]
    assert report.message.endswith("\nwritten before that:\n  begin\n  no such index")


def test_what_an_attempt_that_succeeded_wrote_is_no_reason_for_a_bad_output(go):
    [report] = go(shell("echo all is well"), outputs={"n": "Int"})
    assert report.failure == "bad_output"
    assert "all is well" not in report.message
