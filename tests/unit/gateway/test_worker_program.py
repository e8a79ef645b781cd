"""The worker as a program, against a gateway on a port of this machine: nothing else leads it to the system."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys

import msgspec
import pytest
from econda_adapters.clock import now_ms

from econda_cloud.gateway.cancellations import note_cancelled
from econda_cloud.gateway.claims import claim_state
from econda_cloud.gateway.tokens import Leave
from econda_cloud.wire.assignment import encode_assignment
from econda_cloud.wire.chunk import WorkItem
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded
from econda_cloud.wire.keys import checkpoint_key, live_log_prefix
from tests.unit.gateway.system import BARE, python, shell


def test_a_python_task(system):
    items = tuple(WorkItem(instance=f"p/a[{n}]", attempt=1, args={"x": n}) for n in range(5))
    chunk = python("print('got', x)\ny = x * x", *items, inputs={"x": "Int"})
    code, said, events = system.run(chunk, "--handle", "ssh 7")
    assert (code, said) == (0, "")
    assert [event.outputs for event in events] == [{"y": n * n} for n in range(5)]
    assert {event.handle for event in events} == {"ssh 7"}
    assert [system.text_of(event) for event in events] == [f"got {n}\n" for n in range(5)]
    assert claim_state(system.log, "r.1", None).done


def test_a_shell_task_with_files_in_and_out(system):
    first = shell('printf "some text" > "$OUT/f"', outputs={"f": "File"})
    code, said, [made] = system.run(first)
    assert (code, said) == (0, "")
    about = made.outputs["f"]["$artifact"]
    assert about["key"].startswith("artifacts/n/packs/r/r.1/")
    assert system.blobs.get(about["key"]) == b"some text"
    item = WorkItem(instance="p/b", attempt=1, args={"f": made.outputs["f"]})
    second = shell('wc -c < "$f" | tr -d " " > "$OUT/y"', item, id="r.2", inputs={"f": "File"})
    code, said, [counted] = system.run(second)
    assert (code, said, counted.outputs) == (0, "", {"y": 9})


def test_a_large_file_goes_through_the_gateway(system):
    chunk = shell('head -c 20000000 /dev/zero > "$OUT/f"', outputs={"f": "File"})
    code, said, [made] = system.run(chunk)
    about = made.outputs["f"]["$artifact"]
    assert (code, said, about["size"]) == (0, "", 20_000_000)
    assert about["key"] == f"artifacts/n/sha256/{about['sha256']}"
    item = WorkItem(instance="p/b", attempt=1, args={"f": made.outputs["f"]})
    back = python("y = len(open(f, 'rb').read())", item, id="r.2", inputs={"f": "File"})
    assert [event.outputs for event in system.run(back)[2]] == [{"y": 20_000_000}]


def test_small_files_travel_together_with_the_reports_that_name_them(system):
    """A hundred of them cost one blob, and whoever reads one of them reads no other; an empty one is one too."""
    items = tuple(WorkItem(instance=f"p/a[{n}]", attempt=1, args={"n": n}) for n in range(100))
    many = python("f = 'f'\nopen(f, 'w').write('x' * n)\nprint(n)", *items, inputs={"n": "Int"}, outputs={"f": "File"})
    asked = system.counted()
    code, said, events = system.run(many)
    assert (code, said, len(events)) == (0, "", 100)
    # A claim and, every five seconds, a report with its log and its files.
    assert asked[0] == "/v1/claim"
    assert set(asked[1:]) == {"/v1/report"}
    assert len(asked) <= 5
    assert [system.blobs.get(event.outputs["f"]["$artifact"]["key"]) for event in events] == [
        b"x" * n for n in range(100)
    ]
    logs = [path for path in (system.folder / "blobs" / "runs").rglob("*") if path.is_file()]
    assert 1 <= len(logs) <= len(asked) - 1, "one part for each report at most"
    assert sum(path.stat().st_size for path in logs) == sum(len(f"{n}\n") for n in range(100)), "each byte once"
    assert "".join(system.text_of(event) for event in events) == "".join(f"{n}\n" for n in range(100))
    assert not (system.folder / "blobs" / "live").exists(), "who is done in no time shows nothing before"
    packs = [path for path in (system.folder / "blobs" / "artifacts").rglob("*") if path.is_file()]
    assert 1 <= len(packs) <= 5
    readers = [WorkItem(instance=f"p/b[{n}]", attempt=1, args={"f": events[n].outputs["f"]}) for n in (0, 1, 99)]
    read = python("y = len(open(f).read())", *readers, id="r.2", inputs={"f": "File"})
    assert [event.outputs["y"] for event in system.run(read)[2]] == [0, 1, 99]


CHECKPOINTED = """
import os, pathlib, time
kept = pathlib.Path(os.environ["ECONDA_CHECKPOINT"]) / "count"
n = int(kept.read_text()) if kept.exists() else 0
while n < 5 or n < 100 and not {go!r}:
    n += 1
    (kept.with_name("count.tmp")).write_text(str(n))
    kept.with_name("count.tmp").rename(kept)
    time.sleep(0.05)
y = n
"""


def test_what_a_long_attempt_writes_is_seen_while_it_runs(system, until, tmp_path):
    """Two lines before it is looked at, and a third one, after which it waits for a sign."""
    go = tmp_path / "go"
    body = f"import os, time\nprint('one')\nprint('two', flush=True)\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.05)\nprint('three')\ny = 1"
    prefix = live_log_prefix("n", "r", "p/a", 1)
    worker = system.start(python(body))
    until(lambda: system.blobs.exists(f"{prefix}0"), "a piece of its log")
    assert system.blobs.get(f"{prefix}0") == b"one\ntwo\n"
    assert not system.blobs.exists("runs/n/r/logs/r.1.log")
    go.touch()
    worker.communicate(timeout=30)
    [done] = system.events()
    assert system.text_of(done) == "one\ntwo\nthree\n"


def test_a_task_that_is_stopped_goes_on_from_its_checkpoint(system, until):
    key = checkpoint_key("n", "r", "p/a")
    worker = system.start(python(CHECKPOINTED.format(go=""), checkpoint_ms=100))
    until(lambda: system.blobs.exists(key), "a checkpoint")
    worker.send_signal(signal.SIGTERM)
    _, said = worker.communicate(timeout=30)
    [stopped] = system.events()
    assert (worker.returncode, said) == (0, b"")
    assert isinstance(stopped, AttemptFailed)
    assert stopped.failure == "preempted"
    again = (WorkItem(instance="p/a", attempt=2),)
    code, _, [done] = system.run(python(CHECKPOINTED.format(go="yes"), *again, id="r.2", checkpoint_ms=100))
    assert isinstance(done, AttemptSucceeded), done
    assert code == 0
    assert done.outputs["y"] >= 5
    with_nothing = python(
        CHECKPOINTED.format(go="yes"), WorkItem(instance="p/new", attempt=1), id="r.3", checkpoint_ms=100
    )
    assert system.run(with_nothing)[2][0].outputs == {"y": 5}


def test_a_task_that_is_not_wanted_any_more_is_stopped(system, until, tmp_path):
    begun = tmp_path / "begun"
    worker = system.start(python(f"import time\nopen({str(begun)!r}, 'w').close()\ntime.sleep(60)\ny = 1"))
    until(begun.exists, "the attempt")
    note_cancelled(system.log, "r.1", (("p/a", 1),))
    _, said = worker.communicate(timeout=30)
    [event] = system.events()
    assert (worker.returncode, said, event.failure) == (0, b"", "preempted")


def test_what_was_cancelled_in_the_queue_never_begins(system, tmp_path):
    note_cancelled(system.log, "r.1", (("p/a", 1),))
    begun = tmp_path / "begun"
    _, _, [event] = system.run(python(f"open({str(begun)!r}, 'w')\ny = 1"), "--look-first")
    assert (event.failure, begun.exists()) == ("preempted", False)


def test_secrets_of_the_chunk_and_never_its_token(system):
    secrets = {"DB": {"driver": "aws_secrets", "name": "db"}}
    body = """
import os, json
print("secret", os.environ["DB"])
y = len([name for name in os.environ if name.startswith("ECONDA_TOKEN") or "eyJ" in os.environ[name]])
"""
    _, said, [event] = system.run(python(body, WorkItem(instance="p/a", attempt=1, secrets=secrets)))
    assert (said, event.outputs) == ("", {"y": 0})
    assert system.text_of(event) == "secret ***\n"


def test_only_one_of_two_workers_runs_the_chunk(system):
    assignment = system.assign(python("import time\ntime.sleep(0.5)\ny = 1"))
    both = [system.start(None, "--handle", name, assignment=assignment) for name in ("first", "second")]
    assert [worker.communicate(timeout=60)[1] for worker in both] == [b"", b""]
    assert [worker.returncode for worker in both] == [0, 0]
    assert len(system.events()) == 1


def test_members_of_an_array_and_an_assignment_in_a_variable(system, tmp_path):
    items = tuple(WorkItem(instance=f"p/a[{n}]", attempt=1, args={"x": n}) for n in range(2))
    assignment = system.assign(python("y = x", *items, inputs={"x": "Int"}), array=True, inline=False)
    command = [sys.executable, "-m", "econda_cloud.worker", "--scratch", str(tmp_path / "s"), "--variable", "WHAT"]
    for index in (1, 0):
        environment = {**BARE, "WHAT": encode_assignment(assignment).decode()}
        done = subprocess.run([*command, "--index", str(index)], env=environment, capture_output=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, b"")
    assert [event.outputs for event in system.events()] == [{"y": 1}, {"y": 0}]


def test_an_assignment_in_a_file_is_taken_away(system, tmp_path):
    file = tmp_path / "assignment.json"
    file.write_bytes(encode_assignment(system.assign(python("y = 3"))))
    command = [sys.executable, "-m", "econda_cloud.worker", "--scratch", str(tmp_path / "s"), "--file", str(file)]
    assert subprocess.run(command, env=BARE, timeout=60).returncode == 0
    assert not file.exists()
    assert [event.outputs for event in system.events()] == [{"y": 3}]


@pytest.mark.parametrize(("given", "code"), [
    (b"", 64), (b"{", 64), (b"[]", 64), (b'{"run":"r"}', 64), (b"\xff", 64),
])  # fmt: skip
def test_an_assignment_that_is_none(given, code):
    done = subprocess.run(
        [sys.executable, "-m", "econda_cloud.worker"], input=given, env=BARE, capture_output=True, timeout=60
    )
    assert done.returncode == code
    assert b"not an assignment of econda" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_token_that_is_refused_is_said_and_not_shown(system):
    assignment = msgspec.structs.replace(system.assign(python("y = 1")), token="not-a-token-at-all")
    worker = system.start(None, assignment=assignment)
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == 77
    assert b"the token is not one of econda" in said
    assert b"not-a-token" not in said


def test_an_address_that_is_none(system):
    for address in ("file:///etc/passwd", "nowhere", "ftp://x"):
        worker = system.start(None, assignment=msgspec.structs.replace(system.assign(python("y = 1")), gateway=address))
        _, said = worker.communicate(timeout=60)
        assert (worker.returncode, b"no http(s) one" in said) == (77, True)


def test_the_program_loads_no_cloud_and_no_scheduler():
    code = """
import sys, econda_cloud.worker.__main__
loaded = {name for name in sys.modules if name.split(".")[0] in ("boto3", "botocore", "jwt", "pydantic", "starlette", "econda_adapters")}
loaded |= {name for name in sys.modules if name.startswith(("econda_cloud.run", "econda_cloud.place", "econda_cloud.schedule", "econda_cloud.gateway", "econda_edsl.compiler"))}
print(sorted(loaded))
"""
    done = subprocess.run([sys.executable, "-c", code], env=BARE, capture_output=True, timeout=60)
    assert done.stdout == b"[]\n"


def test_a_body_larger_than_announced_is_cut_off(system):
    leave = Leave(method="PUT", blob="x", name="x", ends_ms=now_ms() + 60_000, sha256="0" * 64, size=10)
    token = system.tokens.sign(leave, now_ms())
    host, port = system.server.address.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("PUT", f"/v1/blob/x?leave={token}", iter([b"x" * 6, b"x" * 6]), encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()
    assert not system.blobs.exists("x")


def test_a_bad_token_is_answered_before_its_body_is_read(system):
    """The head alone is sent; an answer comes although the body never does."""
    host, port = system.server.address.removeprefix("http://").split(":")
    head = (f"POST /v1/report HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer forged\r\n"
            "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")  # fmt: skip
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(head.encode())
        answer = client.recv(10_000)
    assert answer.startswith(b"HTTP/1.1 401")
